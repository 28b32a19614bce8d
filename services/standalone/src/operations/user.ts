import { text } from 'node:stream/consumers'
import type { AuthCore, UserAdministration } from '@auto-refresh/auth-api'
import type { Environment } from '@auto-refresh/service-kit/config'
import { Option, type Command } from 'commander'
import { withUsers } from './with-users.ts'

type Auth = Pick<AuthCore, 'users' | 'hashUsername'>
type WithPassword = (users: UserAdministration, password: string) => Promise<string>
type UserSummary = Awaited<ReturnType<UserAdministration['list']>>[number]

const AFTER_HELP = `
A password is read from standard input: printf %s "$PASSWORD" | npm run user -- add ada --password-stdin
It works on the data of \`npm start\` (DATA_DIR), whether that is running or not, or on DATABASE_URL.`

export function defineUser(user: Command, readSettings: () => Environment): void {
  const passwordStdin = () =>
    new Option('--password-stdin', 'read the password from standard input (required)')
  const role = () => new Option('--role <role>', 'the role; without it: user')

  const run = async (
    work: (auth: Auth) => Promise<string>,
    {
      environment = readSettings(),
      ...options
    }: { environment?: Environment; neededKeys?: readonly ['USERNAME_HASH_KEY'] } = {},
  ) => {
    const message = await withUsers(environment, work, options)
    process.stdout.write(`${message}\n`)
  }
  const runWithPassword = async (command: Command, work: WithPassword) => {
    if (user.opts<{ passwordStdin?: boolean }>().passwordStdin !== true)
      command.error(
        `error: ${command.name()} needs --password-stdin: others can see a command line`,
      )
    // Wrong settings end the command before a password is typed.
    const environment = readSettings()
    // The line end that `echo` adds is not part of the password.
    const password = (await text(process.stdin)).replace(/\r?\n$/, '')
    await run(({ users }) => work(users, password), { environment })
  }

  user
    .addHelpText('after', AFTER_HELP)
    // Defined here, so that they may also precede the command.
    .addOption(passwordStdin().hideHelp())
    .addOption(role().hideHelp())
    .hook('preAction', (_user, command) => {
      if (user.opts<{ role?: string }>().role !== undefined && command.name() !== 'add')
        command.error('error: --role belongs to add; use set-role')
    })
  user
    .command('add')
    .description('Add a user')
    .argument('<name>')
    .addOption(role())
    .addOption(passwordStdin())
    .action((name: string, _options: object, command: Command) =>
      runWithPassword(command, (users, password) =>
        add(users, { username: name, password, ...user.opts<{ role?: string }>() }),
      ),
    )
  user
    .command('set-password')
    .description("Change the password and end the user's sessions")
    .argument('<name>')
    .addOption(passwordStdin())
    .action((name: string, _options: object, command: Command) =>
      runWithPassword(command, async (users, password) =>
        toMessage(
          name,
          await users.setPassword(name, password),
          'has a new password; all sessions were ended',
        ),
      ),
    )
  user
    .command('set-role')
    .description('Change the role; within seconds clients refresh and have it')
    .argument('<name>')
    .argument('<role>')
    .action((name: string, newRole: string) =>
      run(async ({ users }) =>
        toMessage(name, await users.setRole(name, newRole), `has the role ${newRole}`),
      ),
    )
  user
    .command('disable')
    .description('Refuse the user and end all sessions at once')
    .argument('<name>')
    .action((name: string) =>
      run(async ({ users }) =>
        toMessage(name, await users.disable(name), 'is disabled; all sessions were ended'),
      ),
    )
  user
    .command('enable')
    .description('Let the user sign in again')
    .argument('<name>')
    .action((name: string) =>
      run(async ({ users }) => toMessage(name, await users.enable(name), 'may sign in')),
    )
  user
    .command('revoke-sessions')
    .description('End all sessions of the user')
    .argument('<name>')
    .action((name: string) =>
      run(async ({ users }) =>
        toMessage(name, await users.revokeSessions(name), 'has no session any more'),
      ),
    )
  user
    .command('list')
    .description('Show all users')
    .action(() => run(async ({ users }) => toTable(await users.list())))
  user
    .command('hash')
    .description('Show the hash under which events and audit trail know the name')
    .argument('<name>')
    .action((name: string) =>
      run(async ({ hashUsername }) => hashUsername(name), { neededKeys: ['USERNAME_HASH_KEY'] }),
    )
}

async function add(
  users: UserAdministration,
  { username, password, role }: { username: string; password: string; role?: string },
): Promise<string> {
  const added = await users.add({ username, password, ...(role === undefined ? {} : { role }) })
  if (added.outcome === 'taken') throw new Error(`There is a user ${username} already`)
  if (added.outcome === 'refused') throw new Error(added.reason)
  return `${added.user.username} was added with the role ${added.user.role}`
}

/** Returns what was done. Throws the reason of a refusal. */
function toMessage(
  name: string,
  result: { outcome: 'done' | 'not_found' } | { outcome: 'refused'; reason: string },
  done: string,
): string {
  switch (result.outcome) {
    case 'done':
      return `${name} ${done}`
    case 'not_found':
      throw new Error(`There is no user ${name}`)
    case 'refused':
      throw new Error(result.reason)
    default:
      return result satisfies never
  }
}

function toTable(users: readonly UserSummary[]): string {
  const rows = [
    ['NAME', 'ROLE', 'STATE'],
    ...users.map(({ username, role, active, demo }) => [
      username,
      role,
      `${active ? 'active' : 'disabled'}${demo ? ', demo' : ''}`,
    ]),
  ]
  const widths = [0, 1].map(
    (column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)) + 2,
  )
  return rows
    .map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(''))
    .join('\n')
}
