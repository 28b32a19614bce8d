import { createReadStream } from 'node:fs'
import type { AuthCore, ImportSummary } from '@auto-refresh/auth-api'
import { InvalidArgumentError, Option, type Command } from 'commander'
import { readCliActor } from './read-cli-actor.ts'
import { readLines } from './read-lines.ts'

type Auth = Pick<AuthCore, 'createPasswordToken' | 'importUsers'>
type UserPasswordsDeps<A extends Auth> = Readonly<{
  /** Runs the work and prints what it returns. */
  run: (work: (auth: A) => Promise<string>) => Promise<void>
  /** Throws if there is no such user. */
  findId: (auth: A, name: string) => Promise<string>
}>

/** Adds the commands that import users with their hashes, and create one-time tokens. */
export function defineUserPasswords<A extends Auth>(
  user: Command,
  { run, findId }: UserPasswordsDeps<A>,
): void {
  user
    .command('import')
    .description('Import users with their password hashes, one JSON object a line')
    .argument('<file>', 'the file; - for standard input')
    .action((file: string) => run((auth) => importUsers(auth, file)))
  user
    .command('password-token')
    .description('Print a one-time token with which the user can set a password')
    .argument('<name>')
    .addOption(
      new Option('--minutes <minutes>', 'how long it is valid, up to 7 days')
        .argParser(toMinutes)
        .default(60),
    )
    .action((name: string, { minutes }: { minutes: number }) =>
      run(async (auth) => {
        const userId = await findId(auth, name)
        const created = await auth.createPasswordToken({
          userId,
          actor: readCliActor(),
          ttlSeconds: minutes * 60,
        })
        if (created.outcome === 'refused') throw new Error(created.reason)
        if (created.outcome !== 'created') throw new Error(`There is no user ${name}`)
        return created.token
      }),
    )
}

async function importUsers({ importUsers: run }: Auth, file: string): Promise<string> {
  const summary = await run({
    lines: readLines(file === '-' ? process.stdin : createReadStream(file)),
    actor: readCliActor(),
    onRefused: (number, reason) => void process.stderr.write(`Line ${number}: ${reason}\n`),
  })
  const message = toMessage(summary)
  if (summary.refused === 0) return message
  process.stdout.write(`${message}\n`)
  throw new Error('The refused lines changed nothing: correct them and import the file again')
}

function toMessage(summary: ImportSummary): string {
  const { lines, created, changed, unchanged, refused, keptPasswords, keptDisabled } = summary
  return [
    `${lines} lines: ${created} created, ${changed} changed, ${unchanged} unchanged, ${refused} refused`,
    ...(keptPasswords > 0 ? [`${keptPasswords} keep the password that they have set here`] : []),
    ...(keptDisabled > 0 ? [`${keptDisabled} are disabled here and stay so`] : []),
  ].join('\n')
}

function toMinutes(text: string): number {
  if (/^\d{1,5}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be a number of minutes.')
}
