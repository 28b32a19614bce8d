import type { Clock, CreateRepeating, Log, Recorder, Revocations, TokenStore } from '../../ports.ts'

const POLL_MS = 500
/** Each question reaches back this far before the last answer: a revocation that committed late is still told. */
const OVERLAP_MS = 10_000
/** Clocks of ours and of token-store may be apart by this. */
const CLOCK_MARGIN_MS = 60_000
/** How often expired entries are looked for. */
const SWEEP_MS = 30_000

export type RevocationListDeps = Readonly<{
  tokenStore: Pick<TokenStore, 'revocations'>
  recorder: Pick<Recorder, 'revocationLearned'>
  createRepeating: CreateRepeating
  clock: Clock
  log: Log
  /** no access token lives longer than this */
  accessTtlSeconds: number
}>
export type RevocationList = Revocations & Readonly<{
  /** since token-store last answered; `Infinity` before the first time */
  feedAgeMs(): number
  /** Resolves when the list has been read whole; tries until it is, or until `stop` or the signal. */
  start(signal?: AbortSignal): Promise<void>
  stop(): Promise<void>
}>

/** The sessions whose access tokens are dead, polled from token-store. A feed that is away is used as it stands. */
export function createRevocationList({ tokenStore, recorder, createRepeating, clock, log, accessTtlSeconds }: RevocationListDeps): RevocationList {
  const untilBySession = new Map<string, number>()
  let answer: { storeMs: number; ownMs: number } | undefined
  let sweptMs = clock.nowMs()
  const waited = Promise.withResolvers<void>()
  const repeating = createRepeating({
    everyMs: POLL_MS,
    run: poll,
    onError: (error) => log.warn({ err: error }, 'The revocations could not be read; the known ones stay'),
  })

  return {
    isRevoked: (sessionId) => untilBySession.has(sessionId),
    add: (sessionId) => remember(sessionId, clock.nowMs() + accessTtlSeconds * 1000),
    feedAgeMs: () => (answer === undefined ? Infinity : clock.nowMs() - answer.ownMs),
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
    const { nowMs: storeMs, revocations } = await tokenStore.revocations(answer === undefined ? {} : { sinceMs: answer.storeMs - OVERLAP_MS })
    for (const { sessionId, untilMs, revokedAtMs } of revocations) {
      if (answer !== undefined && !untilBySession.has(sessionId)) recorder.revocationLearned(Math.max(0, (storeMs - revokedAtMs) / 1000))
      remember(sessionId, untilMs)
    }
    answer = { storeMs, ownMs: clock.nowMs() }
    waited.resolve()
    sweep()
  }

  function remember(sessionId: string, untilMs: number): void {
    untilBySession.set(sessionId, Math.max(untilMs + CLOCK_MARGIN_MS, untilBySession.get(sessionId) ?? 0))
  }

  function sweep(): void {
    const nowMs = clock.nowMs()
    if (nowMs - sweptMs < SWEEP_MS) return
    sweptMs = nowMs
    for (const [sessionId, untilMs] of untilBySession) if (untilMs <= nowMs) untilBySession.delete(sessionId)
  }
}
