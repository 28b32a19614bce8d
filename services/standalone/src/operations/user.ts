import { text } from 'node:stream/consumers'
import type { AuthCore, UserAdministration } from '@auto-refresh/auth-api'
import type { Environment } from '@auto-refresh/service-kit/config'
import { Argument, Option, type Command } from 'commander'
import { readCliActor } from './read-cli-actor.ts'
import { defineTimeline } from './timeline.ts'
import { toUtc } from './to-utc.ts'
import { defineUserPasswords } from './user-passwords.ts'
import { withUsers } from './with-users.ts'

type Administration = Pick<AuthCore['administration'], 'users' | 'sessions'>
type Auth = Administration & Pick<AuthCore, 'hashUsername' | 'createPasswordToken' | 'importUsers'>
type WithPassword = (users: UserAdministration, password: string) => Promise<string>
type Page = Awaited<ReturnType<UserAdministration['search']>>
type UserRecord = Page['users'][number]
type UserChange = Parameters<UserAdministration['change']>[1]

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const PAGE_SIZE = 1000

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
    const message = await withUsers(
      environment,
      ({ administration, ...auth }) => work({ ...administration, ...auth }),
      options,
    )
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
    .option('--no-password', 'no sign-in until the user sets one with a password token')
    .action((name: string, options: { password: boolean }, command: Command) => {
      const newUser = { username: name, ...user.opts<{ role?: string }>() }
      return options.password
        ? runWithPassword(command, (users, password) => add(users, { ...newUser, password }))
        : run(({ users }) => add(users, newUser))
    })
  user
    .command('set-password')
    .description("Change the password and end the user's sessions")
    .argument('<name>')
    .addOption(passwordStdin())
    .action((name: string, _options: object, command: Command) =>
      runWithPassword(command, async (users, password) =>
        act(users, name, {
          act: (id) => users.setPassword(id, password, readCliActor()),
          done: 'has a new password; all sessions were ended',
        }),
      ),
    )
  defineUserPasswords<Auth>(user, { run, findId: ({ users }, name) => findId(users, name) })
  user
    .command('set-role')
    .description('Change the role; within seconds clients refresh and have it')
    .argument('<name>')
    .argument('<role>')
    .action((name: string, newRole: string) =>
      change(name, { role: newRole }, `has the role ${newRole}`),
    )
  user
    .command('disable')
    .description('Refuse the user and end all sessions at once')
    .argument('<name>')
    .action((name: string) =>
      change(name, { active: false }, 'is disabled; all sessions were ended'),
    )
  user
    .command('enable')
    .description('Let the user sign in again')
    .argument('<name>')
    .action((name: string) => change(name, { active: true }, 'may sign in'))
  user
    .command('revoke-sessions')
    .description('End all sessions of the user')
    .argument('<name>')
    .action((name: string) =>
      run(async ({ users }) =>
        act(users, name, {
          act: (id) => users.revokeSessions(id, readCliActor()),
          done: 'has no session any more',
        }),
      ),
    )
  user
    .command('erase')
    .description('Erase the personal data of the user and end all sessions')
    .argument('<name>')
    .action((name: string) =>
      run(
        async ({ users }) =>
          act(users, name, {
            act: (id) => users.erase(id, readCliActor()),
            done: 'was erased; all sessions were ended',
          }),
        // With another key, sign-in attempts with the name would not be found.
        { neededKeys: ['USERNAME_HASH_KEY'] },
      ),
    )
  user
    .command('show')
    .description('Show a user, the last sign-in and the active sessions')
    .argument('<name>')
    .action((name: string) => run((administration) => show(administration, name)))
  user
    .command('list')
    .description('Show all users')
    .action(() => run(async ({ users }) => toTable(await readAll(users))))
  defineTimeline(user, readSettings, {
    argument: new Argument('<name>'),
    find: async ({ users }, name) => ({ userId: await findId(users, name) }),
  })
  user
    .command('hash')
    .description('Show the hash under which events and audit trail know the name')
    .argument('<name>')
    .action((name: string) =>
      run(async ({ hashUsername }) => hashUsername(name), { neededKeys: ['USERNAME_HASH_KEY'] }),
    )

  const change = (name: string, changes: UserChange, done: string) =>
    run(({ users }) =>
      act(users, name, { act: (id) => users.change(id, changes, readCliActor()), done }),
    )
}

async function add(
  users: UserAdministration,
  { username, password, role }: { username: string; password?: string; role?: string },
): Promise<string> {
  const added = await users.add({ username, password, role }, readCliActor())
  if (added.outcome === 'taken') throw new Error(`There is a user ${username} already`)
  if (added.outcome === 'refused') throw new Error(added.reason)
  return `${added.user.username} was added with the role ${added.user.role}`
}

type ActResult = { outcome: string } | { outcome: 'refused'; reason: string }

/** Does something to a user and returns what was done. Throws the reason of a refusal. */
async function act(
  users: UserAdministration,
  name: string,
  { act: run, done }: { act: (id: string) => Promise<ActResult>; done: string },
): Promise<string> {
  const result = await run(await findId(users, name))
  if ('reason' in result) throw new Error(result.reason)
  if (result.outcome !== 'done') throw new Error(`There is no user ${name}`)
  return `${name} ${done}`
}

/**
 * Finds a user by the name, the external id or the id. The name of a user who signs in elsewhere is
 * not unique and was chosen elsewhere, so it only leads to the ids.
 */
async function findId(users: UserAdministration, name: string): Promise<string> {
  const local = await users.findByName(name)
  if (local !== undefined) return local.id
  // Also of an erased user: erasing is repeatable, and then the name is gone.
  if (UUID.test(name)) return name
  const search = { query: name, active: undefined, after: undefined, limit: 50 }
  const { users: found } = await users.search(search)
  const external = found.find(({ externalId }) => externalId === name)
  if (external !== undefined) return external.id
  const ids = found.filter(({ username }) => username === name).map(({ id }) => id)
  const hint = ids.length === 0 ? '' : ` who signs in here; give the id: ${ids.join(', ')}`
  throw new Error(`There is no user ${name}${hint}`)
}

async function show({ users, sessions }: Administration, name: string): Promise<string> {
  const user = await users.find(await findId(users, name))
  if (user === undefined) throw new Error(`There is no user ${name}`)
  const { externalId, claims, lastSignInAtMs } = user
  const active = await sessions.listOf(user.id)
  return [
    `user          ${user.id}`,
    `name          ${user.username}`,
    ...(externalId === undefined ? [] : [`external id   ${externalId}`]),
    `role          ${user.role}`,
    ...(Object.keys(claims).length === 0 ? [] : [`claims        ${JSON.stringify(claims)}`]),
    `state         ${toState(user)}${user.hasPassword ? '' : ', no password'}`,
    `created       ${toUtc(user.createdAtMs)}`,
    `last sign-in  ${lastSignInAtMs === undefined ? 'none' : toUtc(lastSignInAtMs)}`,
    `sessions      ${active.length}`,
    ...active.map(
      ({ id, rotatedAtMs, network, agent }) =>
        `  ${id}  refreshed ${toUtc(rotatedAtMs)}  ${network}  ${agent}`,
    ),
  ].join('\n')
}

async function readAll(users: UserAdministration): Promise<UserRecord[]> {
  const all: UserRecord[] = []
  let after: Page['next']
  do {
    const page = await users.search({ after, limit: PAGE_SIZE })
    all.push(...page.users)
    after = page.next
  } while (after !== undefined)
  return all
}

const toState = ({ active, demo }: UserRecord) =>
  `${active ? 'active' : 'disabled'}${demo ? ', demo' : ''}`

function toTable(users: readonly UserRecord[]): string {
  const rows = [
    ['NAME', 'ROLE', 'STATE', 'LAST SIGN-IN', 'ID'],
    ...users.map((user) => [
      user.username,
      user.role,
      toState(user),
      user.lastSignInAtMs === undefined ? '' : toUtc(user.lastSignInAtMs),
      user.id,
    ]),
  ]
  const widths = rows[0]?.map(
    (_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)) + 2,
  )
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths?.[column] ?? 0))
        .join('')
        .trimEnd(),
    )
    .join('\n')
}
