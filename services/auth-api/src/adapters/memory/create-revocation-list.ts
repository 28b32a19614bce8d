import { createHash } from 'node:crypto'
import type { CreateRepeating, Log, Recorder, RevocationFeed, Revocations, TokenStore } from '../../ports.ts'

const POLL_MS = 500
/** Each question reaches back this far before the last answer: a revocation that committed late is still told. */
const OVERLAP_MS = 10_000
/** An access token is signed by our clock, an entry ends by token-store's; they may be apart by this. */
const CLOCK_MARGIN_MS = 60_000
/** How often expired entries are looked for. */
const SWEEP_MS = 30_000
/** How often everything is read again, for what a clock that leapt has kept from the questions between. */
const WHOLE_MS = 60_000

export type RevocationListDeps = Readonly<{
  tokenStore: Pick<TokenStore, 'revocations'>
  recorder: Pick<Recorder, 'revocationLearned'>
  createRepeating: CreateRepeating
  /** monotonic: a clock that leaps forward must not bring dead tokens back to life */
  elapsedMs: () => number
  log: Log
  /** no access token lives longer than this */
  accessTtlSeconds: number
}>
export type RevocationList = Revocations & RevocationFeed & Readonly<{
  /** since token-store last answered; `Infinity` before the first time */
  feedAgeMs(): number
  /** Resolves when the list has been read whole; tries until it is, or until `stop` or the signal. */
  start(signal?: AbortSignal): Promise<void>
  stop(): Promise<void>
}>

/** The sessions whose access tokens are dead, polled from token-store. A feed that is away is used as it stands. */
export function createRevocationList({ tokenStore, recorder, createRepeating, elapsedMs, log, accessTtlSeconds }: RevocationListDeps): RevocationList {
  const diesAtMs = new Map<string, number>()
  let tag: string | undefined
  let answer: { storeMs: number; atMs: number } | undefined
  let sweptAtMs = elapsedMs()
  let wholeAtMs = -Infinity
  const waited = Promise.withResolvers<void>()
  const repeating = createRepeating({
    everyMs: POLL_MS,
    run: poll,
    onError: (error) => log.warn({ err: error }, 'The revocations could not be read; the known ones stay'),
  })

  return {
    isRevoked: (sessionId) => diesAtMs.has(sessionId),
    add: (sessionId) => remember(sessionId, accessTtlSeconds * 1000),
    tag: () => (tag ??= createHash('sha256').update([...diesAtMs.keys()].toSorted().join()).digest('base64url')),
    whole() {
      const nowMs = elapsedMs()
      return [...diesAtMs].map(([sessionId, untilMs]) => ({ sessionId, expiresInSeconds: Math.max(0, Math.ceil((untilMs - nowMs) / 1000)) }))
    },
    feedAgeMs: () => (answer === undefined ? Infinity : elapsedMs() - answer.atMs),
    async start(signal) {
      signal?.addEventListener('abort', () => waited.resolve(), { once: true })
      if (signal?.aborted === true) return
      await poll().catch((error: unknown) => log.warn({ err: error }, 'The revocations could not be read yet; trying on'))
      repeating.start()
      await waited.promise
    },
    async stop() {
      await repeating.stop()
      waited.resolve()
    },
  }

  async function poll(): Promise<void> {
    const askedAtMs = elapsedMs()
    const isWhole = answer === undefined || askedAtMs - wholeAtMs >= WHOLE_MS
    const { nowMs: storeMs, revocations } = await tokenStore.revocations(isWhole || answer === undefined ? {} : { sinceMs: answer.storeMs - OVERLAP_MS })
    for (const { sessionId, untilMs, revokedAtMs } of revocations) {
      if (answer !== undefined && !diesAtMs.has(sessionId)) recorder.revocationLearned(Math.max(0, (storeMs - revokedAtMs) / 1000))
      remember(sessionId, untilMs - storeMs)
    }
    answer = { storeMs, atMs: elapsedMs() }
    if (isWhole) wholeAtMs = askedAtMs
    waited.resolve()
    sweep()
  }

  function remember(sessionId: string, remainingMs: number): void {
    if (!diesAtMs.has(sessionId)) tag = undefined
    diesAtMs.set(sessionId, Math.max(elapsedMs() + remainingMs + CLOCK_MARGIN_MS, diesAtMs.get(sessionId) ?? -Infinity))
  }

  function sweep(): void {
    const nowMs = elapsedMs()
    if (nowMs - sweptAtMs < SWEEP_MS) return
    sweptAtMs = nowMs
    for (const [sessionId, untilMs] of diesAtMs) if (untilMs <= nowMs) diesAtMs.delete(sessionId)
    tag = undefined
  }
}
