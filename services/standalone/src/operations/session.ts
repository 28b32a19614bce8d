import type { AuthCore } from '@auto-refresh/auth-api'
import type { Environment } from '@auto-refresh/service-kit/config'
import { Argument, InvalidArgumentError, type Command } from 'commander'
import { readCliActor } from './read-cli-actor.ts'
import { defineTimeline } from './timeline.ts'
import { toUtc } from './to-utc.ts'
import { withUsers } from './with-users.ts'

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
type Sessions = AuthCore['administration']['sessions']

export function defineSession(session: Command, readSettings: () => Environment): void {
  const run = async (work: (sessions: Sessions) => Promise<string>) => {
    const message = await withUsers(readSettings(), (auth) => work(auth.administration.sessions))
    process.stdout.write(`${message}\n`)
  }
  session.addHelpText(
    'after',
    '\nIt works on the data of `npm start` (DATA_DIR), whether that is running or not, or on DATABASE_URL.',
  )
  session
    .command('show')
    .description('Show a session, also one that has ended lately')
    .argument('<id>', 'the session id', parseId)
    .action((id: string) => run((sessions) => show(sessions, id)))
  session
    .command('end')
    .description('End a session at once')
    .argument('<id>', 'the session id', parseId)
    .action((id: string) => run((sessions) => end(sessions, id)))
  defineTimeline(session, readSettings, {
    argument: new Argument('<id>', 'the session id').argParser(parseId),
    find: async (_administration, sessionId) => ({ sessionId }),
  })
}

function parseId(text: string): string {
  if (UUID.test(text)) return text.toLowerCase()
  throw new InvalidArgumentError('It takes the id of a session.')
}

async function show(sessions: Sessions, id: string): Promise<string> {
  const session = await sessions.find(id)
  if (session === undefined) throw new Error(`There is no session ${id}`)
  const { active, ended } = session
  const state = active
    ? 'active'
    : ended === undefined
      ? 'expired'
      : `ended ${toUtc(ended.atMs)}: ${ended.reason}`
  return [
    `session     ${session.id}`,
    `user        ${session.userId}`,
    `state       ${state}`,
    `signed in   ${toUtc(session.authenticatedAtMs)}`,
    `refreshed   ${toUtc(session.rotatedAtMs)}, generation ${session.generation}`,
    `expires     ${toUtc(session.expiresAtMs)}, unused ${toUtc(session.idleUntilMs)}`,
    `network     ${session.network}`,
    `user agent  ${session.agent}`,
  ].join('\n')
}

async function end(sessions: Sessions, id: string): Promise<string> {
  const { outcome } = await sessions.end(id, readCliActor())
  if (outcome === 'not_found') throw new Error(`There is no session ${id}`)
  return `${id} has ended`
}
