import { ConfigError, PRODUCT_VERSION, type Environment } from '@auto-refresh/service-kit/config'
import { EXIT_CONFIG } from '@auto-refresh/service-kit/process'
import { Command, CommanderError } from 'commander'
import { explainFault } from '../explain-fault.ts'

/** Adds arguments, options and action to a command. `readSettings` throws a ConfigError. */
type Define = (command: Command, readSettings: () => Environment) => void
type Output = Readonly<{ write(text: string): unknown }>

const EXIT_FAILED = 1
const EXIT_USAGE = 2

/**
 * Each command is `npm run <name>`. Its module is loaded when it is called, so that `user` does not
 * load Kafka.
 */
const COMMANDS: Readonly<Record<string, { summary: string; load(): Promise<Define> }>> = {
  user: {
    summary: 'Add, change and list users, and end their sessions',
    load: async () => (await import('./user.ts')).defineUser,
  },
  session: {
    summary: 'Show a session, and end it',
    load: async () => (await import('./session.ts')).defineSession,
  },
  keys: {
    summary: 'List the signing keys of access tokens, and retire a leaked one',
    load: async () => (await import('./keys.ts')).defineKeys,
  },
  migrate: {
    summary: 'Bring every schema to its newest version',
    load: async () => (await import('./migrate.ts')).defineMigrate,
  },
  topics: {
    summary: 'Create the Kafka topics that are missing',
    load: async () => (await import('./topics.ts')).defineTopics,
  },
  'events:tail': {
    summary: 'Print the events from Kafka as they come',
    load: async () => (await import('./events-tail.ts')).defineEventsTail,
  },
  recover: {
    summary: 'After a restore, end again the sessions that had ended since the backup',
    load: async () => (await import('./recover.ts')).defineRecover,
  },
  sweep: {
    summary: 'Delete expired sessions now',
    load: async () => (await import('./sweep.ts')).defineSweep,
  },
  drill: {
    summary: 'Play honest users, and an attack, against a running system',
    load: async () => (await import('./drill.ts')).defineDrill,
  },
}

/**
 * Runs one operator command.
 *
 * @returns the exit code: 0 done, 1 failed or refused, 2 wrong usage, 78 wrong settings
 */
export async function runCli({
  args,
  readSettings,
  stdout = process.stdout,
  stderr = process.stderr,
}: {
  args: readonly string[]
  readSettings: () => Environment
  /** receive help and errors; a command writes its result to the process */
  stdout?: Output
  stderr?: Output
}): Promise<number> {
  const program = new Command()
    .description('The operator commands of Auto Refresh Token.')
    .version(PRODUCT_VERSION)
    .helpCommand(false)
    .showHelpAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void stdout.write(text),
      writeErr: (text) => void stderr.write(text),
    })
    .configureHelp({ commandUsage: toUsage })
  for (const [name, { summary }] of Object.entries(COMMANDS))
    program.command(name).summary(summary).description(`${summary}.`)
  program.hook('preSubcommand', async (_program, command) => {
    const define = await COMMANDS[command.name()]?.load()
    define?.(command.helpCommand(false), readSettings)
  })
  try {
    await program.parseAsync(args, { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE
    stderr.write(`${explainFault(error)}\n`)
    return error instanceof ConfigError ? EXIT_CONFIG : EXIT_FAILED
  }
}

/** A command as an operator calls it: `npm run user -- add [options] <name>`. */
function toUsage(command: Command): string {
  const names: string[] = []
  for (let each = command; each.parent !== null; each = each.parent) names.unshift(each.name())
  const [script = 'cli', ...rest] = names
  return ['npm run', script, '--', ...rest, command.usage()].join(' ')
}
