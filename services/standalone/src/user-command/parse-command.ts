import { parseArgs } from 'node:util'

export type UserCommand =
  | { action: 'add'; name: string; role: string | undefined }
  | { action: 'set-password'; name: string }
  | { action: 'set-role'; name: string; role: string }
  | { action: 'disable' | 'enable' | 'revoke-sessions' | 'hash'; name: string }
  | { action: 'list' }
  | { action: 'help' }

export const USAGE = `Usage: npm run user -- <command>

  add <name> [--role user] --password-stdin   adds a user
  set-password <name> --password-stdin        changes the password and ends the user's sessions
  set-role <name> <role>                      changes the role; within seconds clients refresh and have it
  disable <name>                              refuses the user and ends all sessions at once
  enable <name>                               lets the user sign in again
  revoke-sessions <name>                      ends all sessions of the user
  list                                        shows all users
  hash <name>                                 shows the hash under which events and audit trail know the name

  --password-stdin  reads the password from standard input, for example: printf %s "$PASSWORD" | npm run user -- add ada --password-stdin
  --help            shows this text

It works on the data of \`npm start\` (DATA_DIR), whether that is running or not, or on DATABASE_URL.
`

/** The command of an argument list, or a sentence that says what is wrong with it. */
export function parseCommand(
  args: readonly string[],
): UserCommand | { action: 'wrong'; why: string } {
  const parsed = parseSafely(args)
  if ('why' in parsed) return parsed
  const { values, positionals } = parsed
  const [action, name, role, ...rest] = positionals
  if (values.help === true) return { action: 'help' }
  if (action === undefined) return wrong('A command is missing')
  if (values.role !== undefined && action !== 'add')
    return wrong('--role belongs to add; use set-role')

  switch (action) {
    case 'list':
      return name === undefined ? { action } : wrong('list takes no name')
    case 'set-role':
      return name === undefined || role === undefined || rest.length > 0
        ? wrong('set-role takes a name and a role')
        : { action, name, role }
    case 'disable':
    case 'enable':
    case 'revoke-sessions':
    case 'hash':
      return name === undefined || role !== undefined
        ? wrong(`${action} takes one name`)
        : { action, name }
    case 'add':
    case 'set-password':
      if (name === undefined || role !== undefined) return wrong(`${action} takes one name`)
      if (values['password-stdin'] !== true)
        return wrong(`${action} needs --password-stdin: others can see a command line`)
      return action === 'add' ? { action, name, role: values.role } : { action, name }
    default:
      return wrong(`${action} is not a command`)
  }
}

function parseSafely(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        role: { type: 'string' },
        'password-stdin': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (error) {
    return wrong(error instanceof Error ? (error.message.split('. ', 1)[0] ?? '') : String(error))
  }
}

const wrong = (why: string) => ({ action: 'wrong' as const, why })
