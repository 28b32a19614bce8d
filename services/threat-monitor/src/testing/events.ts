import { randomUUID } from 'node:crypto'
import type { AnyEvent, EventData, EventOf, EventType } from '@auto-refresh/contracts'

export const START_MS = Date.UTC(2026, 10, 1, 12)
export const USER = '0199e000-0000-7000-8000-00000000000a'
export const SESSION = '0199e000-0000-7000-8000-0000000000f1'
export const HOME = { network: '192.0.2.0/24', agent: 'Firefox' }
export const ELSEWHERE = { network: '198.51.100.0/24', agent: 'curl' }

type Options = { atMs?: number; id?: string; traceparent?: string }
function event<T extends EventType>(
  type: T,
  data: EventData<T>,
  { atMs = START_MS, id = randomUUID(), traceparent }: Options = {},
): AnyEvent {
  const made = {
    id,
    type,
    source: 'test',
    time: new Date(atMs).toISOString(),
    subject: 's',
    key: 'k',
    ...(traceparent === undefined ? {} : { traceparent }),
    data,
  }
  return made as EventOf<T> as AnyEvent
}
const session = (sessionId: string, seq: number) => ({
  session_id: sessionId,
  session_seq: seq,
  user_id: USER,
  client_id: 'test',
  generation: seq,
})
const later = new Date(START_MS + 86_400_000).toISOString()
const side = (context: typeof HOME) => ({
  ...context,
  at: new Date(START_MS).toISOString(),
  generation: 1,
})

export const issued = (sessionId: string, options?: Options) =>
  event(
    'session.issued.v1',
    { ...session(sessionId, 0), ...HOME, expires_at: later, idle_until: later },
    options,
  )
export const rotated = (seq: number, options?: Options) =>
  event(
    'session.rotated.v1',
    { ...session(SESSION, seq), ...HOME, idle_until: later, interval_seconds: 1 },
    options,
  )
export const reused = (options?: Options) =>
  event(
    'session.reuse-detected.v1',
    {
      ...session(SESSION, 3),
      rotated: side(HOME),
      presented: side(ELSEWHERE),
      age_seconds: 90,
      session_seconds: 100,
    },
    options,
  )
export const replayed = (seq: number, presented = ELSEWHERE, options?: Options) =>
  event(
    'session.replay-suspected.v1',
    { ...session(SESSION, seq), rotated: side(HOME), presented: side(presented), streak: 1 },
    options,
  )
export const shadowed = (seq: number, presented = ELSEWHERE, options?: Options) =>
  event(
    'session.shadow-suspected.v1',
    { ...session(SESSION, seq), rotated: side(HOME), presented: side(presented), streak: 3 },
    options,
  )
export const signedIn = (sessionId: string, options?: Options) =>
  event(
    'login.succeeded.v1',
    { username_hash: 'ayu', user_id: USER, session_id: sessionId, ...ELSEWHERE },
    options,
  )
export const failed = (name: string, network: string, options?: Options) =>
  event(
    'login.failed.v1',
    { username_hash: name, reason: 'invalid_credentials', network, agent: 'curl' },
    options,
  )
export const refused = (sessionId: string | undefined, options?: Options) =>
  event(
    'refresh.refused.v1',
    {
      code: sessionId === undefined ? 'refresh_token_invalid' : 'refresh_token_revoked',
      ...(sessionId === undefined ? {} : { session_id: sessionId }),
      ...ELSEWHERE,
    },
    options,
  )
