import { hash } from 'node:crypto'
import type { RevocationsResult } from '@auto-refresh/contracts'
import type { CreateRepeating, Log, Recorder, RevocationFeed, Revocations, TokenStore } from '../../ports.ts'

const POLL_MS = 500
/** Each question reaches back this far before the last answer: a revocation that committed late is still told. */
const OVERLAP_MS = 10_000
/** An access token is signed by our clock, an entry ends by token-store's; they may be apart by this. */
const CLOCK_MARGIN_MS = 60_000
/** How often expired entries are looked for, and how old the whole list may be as it is told. */
const SWEEP_MS = 1000
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
  /** Resolves when the list has been read whole; tries until it is, or until `stop` or the signal. */
  start(signal?: AbortSignal): Promise<void>
  stop(): Promise<void>
}>

/** `addedAtMs`: we have ended the session ourselves, and token-store has not yet told when its last access token dies. */
type Entry = Readonly<{ untilMs: number; addedAtMs?: number }>

/** The sessions whose access tokens are dead, polled from token-store. A feed that is away is used as it stands. */
export function createRevocationList({ tokenStore, recorder, createRepeating, elapsedMs, log, accessTtlSeconds }: RevocationListDeps): RevocationList {
  const entries = new Map<string, Entry>()
  /** XOR over the digests of the session ids: it does not depend on their order, and one more or less costs no walk over all */
  const digest = Buffer.alloc(32)
  let told: { atMs: number; list: ReturnType<RevocationFeed['whole']> } | undefined
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
    isRevoked: (sessionId) => entries.has(sessionId),
    add(sessionId) {
      const addedAtMs = elapsedMs()
      if (!entries.has(sessionId)) remember(sessionId, { untilMs: addedAtMs + accessTtlSeconds * 1000 + CLOCK_MARGIN_MS, addedAtMs })
    },
    tag() {
      sweep()
      return digest.toString('base64url')
    },
    whole() {
      sweep()
      const atMs = elapsedMs()
      if (told === undefined || atMs - told.atMs >= SWEEP_MS) {
        told = { atMs, list: [...entries].map(([sessionId, { untilMs }]) => ({ sessionId, expiresInSeconds: Math.max(0, Math.ceil((untilMs - atMs) / 1000)) })) }
      }
      return told.list
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
    for (const revoked of revocations) {
      if (answer !== undefined && !entries.has(revoked.sessionId)) recorder.revocationLearned(Math.max(0, (storeMs - revoked.revokedAtMs) / 1000))
      learn(revoked, storeMs)
    }
    answer = { storeMs, atMs: elapsedMs() }
    if (isWhole) wholeAtMs = askedAtMs
    waited.resolve()
    sweep()
  }

  /**
   * What token-store tells replaces our own estimate, so that all processes have the same list. It never shortens what it has told
   * before, nor the life that the tokens had left when we ended the session: its clock may have leapt since.
   */
  function learn({ sessionId, untilMs, revokedAtMs }: RevocationsResult['revocations'][number], storeMs: number): void {
    const known = entries.get(sessionId)
    const atLeastMs = known?.addedAtMs === undefined ? (known?.untilMs ?? -Infinity) : known.addedAtMs + (untilMs - revokedAtMs) + CLOCK_MARGIN_MS
    remember(sessionId, { untilMs: Math.max(elapsedMs() + (untilMs - storeMs) + CLOCK_MARGIN_MS, atLeastMs) })
  }

  function remember(sessionId: string, entry: Entry): void {
    if (!entries.has(sessionId)) toggle(sessionId)
    entries.set(sessionId, entry)
  }

  function sweep(): void {
    const nowMs = elapsedMs()
    if (nowMs - sweptAtMs < SWEEP_MS) return
    sweptAtMs = nowMs
    for (const [sessionId, { untilMs }] of entries) {
      if (untilMs > nowMs) continue
      entries.delete(sessionId)
      toggle(sessionId)
    }
  }

  /** The session joins or leaves. */
  function toggle(sessionId: string): void {
    const other = hash('sha256', sessionId, 'buffer')
    for (let index = 0; index < digest.length; index += 1) digest[index] = (digest[index] ?? 0) ^ (other[index] ?? 0)
    told = undefined
  }
}
