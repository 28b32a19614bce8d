import { Envelope, RevocationsData } from '@auto-refresh/contracts'
import type { FastifyBaseLogger } from 'fastify'
import { Compile } from 'typebox/compile'
import type { Ask } from './ask.ts'
import { pollEvery } from './poll-every.ts'

const POLL_MS = 1000
const DEADLINE_MS = 2000
/** A list that is older still serves, and somebody should know. */
const STALE_MS = 5000

const checker = Compile(Envelope(RevocationsData))

export type RevocationFeed = ReturnType<typeof createRevocationFeed>

/** The sessions whose access tokens are dead, read whole from auth-api each second. While it is away the list serves as it stands. */
export function createRevocationFeed({ url, key, ask, elapsedMs, log }: {
  url: string
  key: string
  ask: Ask
  /** monotonic: a clock that leaps must not bring dead tokens back to life */
  elapsedMs: () => number
  log: Pick<FastifyBaseLogger, 'warn' | 'info'>
}) {
  const diesAtMs = new Map<string, number>()
  const startedAtMs = elapsedMs()
  let etag: string | undefined
  let answeredAtMs: number | undefined
  let warned = false
  const read = Promise.withResolvers<void>()

  const ageMs = () => (answeredAtMs === undefined ? Infinity : elapsedMs() - answeredAtMs)

  const polling = pollEvery({
    everyMs: POLL_MS,
    poll,
    onError(error) {
      const silentMs = elapsedMs() - (answeredAtMs ?? startedAtMs)
      if (warned || (answeredAtMs !== undefined && silentMs <= STALE_MS)) return
      warned = true
      const consequence = answeredAtMs === undefined ? 'until they are, access tokens get a 503' : 'the known ones stay'
      log.warn({ err: error }, `The revocations cannot be read from auth-api; ${consequence}`)
    },
  })

  async function poll(): Promise<void> {
    const headers = { authorization: `Bearer ${key}`, ...(etag === undefined ? {} : { 'if-none-match': etag }) }
    const answer = await ask({ url, headers, deadlineMs: DEADLINE_MS })
    if (answer.status !== 304) {
      if (answer.status === 403) throw new Error('auth-api refuses the feed key (REVOCATION_FEED_KEYS)')
      if (answer.status !== 200 || !checker.Check(answer.body)) throw new Error(`auth-api answered ${answer.status} to the question for revocations`)
      for (const revoked of answer.body.data.revocations) remember(revoked.session_id, revoked.expires_in * 1000)
      etag = answer.headers.get('etag') ?? undefined
    }
    answeredAtMs = elapsedMs()
    if (warned) log.info('The revocations are read from auth-api again')
    warned = false
    sweep()
    read.resolve()
  }

  /** An entry stays for its time, even when the next answer, of another replica, has not heard of it yet. */
  function remember(sessionId: string, remainingMs: number): void {
    diesAtMs.set(sessionId, Math.max(elapsedMs() + remainingMs, diesAtMs.get(sessionId) ?? 0))
  }

  function sweep(): void {
    const nowMs = elapsedMs()
    for (const [sessionId, untilMs] of diesAtMs) if (untilMs <= nowMs) diesAtMs.delete(sessionId)
  }

  return {
    isRevoked: (sessionId: string) => diesAtMs.has(sessionId),
    /** since auth-api last answered; `Infinity` before the first time */
    ageMs,
    isStale: () => ageMs() > STALE_MS,
    /** resolves when the list has been read for the first time */
    read: read.promise,
    start: polling.start,
    stop: polling.stop,
  }
}
