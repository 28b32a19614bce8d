import { LONGEST_ACCESS_TOKEN_SECONDS, type RevocationsResult } from '@auto-refresh/contracts'
import type { RevocationFeed, Revocations } from '../../ports/revocations.ts'
import type { Metrics } from '../../ports/telemetry.ts'
import { createRevocationEntries, type RevocationEntry } from './create-revocation-entries.ts'

/** Access tokens are dated by our clock and entries by token-store's; they may differ by this. */
const CLOCK_MARGIN_MS = 60_000
/** How often expired entries are removed, and how old the cached whole list may be. */
const SWEEP_MS = 1000
/**
 * How long a session that this process revoked is kept, until token-store reports the lifetime of
 * its access tokens. That may be longer than the current setting allows.
 */
const LONGEST_LIFE_MS = LONGEST_ACCESS_TOKEN_SECONDS * 1000
/**
 * A session that had already ended stays on token-store's list while any of its access tokens is
 * valid. If token-store has not reported it after this time, its tokens have expired.
 */
const REPORTED_WITHIN_MS = 180_000

type RevokedSessionsDeps = Readonly<{
  /** monotonic: a clock that jumps forward must not make revoked tokens valid again */
  elapsedMs: () => number
  /** the lifetime of new access tokens */
  accessTtlSeconds: number
  /** Returns when token-store was last read completely, on the monotonic clock. */
  lastReadAtMs: () => number | undefined
  metrics: Pick<Metrics, 'revocationLearned'>
}>
type RevokedSessions = Revocations &
  Pick<RevocationFeed, 'tag' | 'whole' | 'since'> &
  Readonly<{
    /** Adds the revocations of a response of token-store. */
    learn(answer: RevocationsResult): void
    /** Removes expired entries, at most once a second. */
    sweep(): void
    /** Returns the number of sessions on the list. */
    size(): number
  }>

/** Keeps the revoked sessions in memory, each until its last access token has expired. */
export function createRevokedSessions({
  elapsedMs,
  accessTtlSeconds,
  lastReadAtMs,
  metrics,
}: RevokedSessionsDeps): RevokedSessions {
  const entries = createRevocationEntries()
  /** sessions that had ended before this process was asked to end them, and when it was */
  const addedAfterEnd = new Map<string, number>()
  let cached: { atMs: number; list: ReturnType<RevocationFeed['whole']> } | undefined
  let sweptAtMs = elapsedMs()

  return {
    isRevoked: (sessionId) => entries.has(sessionId),
    add(sessionId, { endedBefore } = { endedBefore: false }) {
      const addedAtMs = elapsedMs()
      if (!entries.has(sessionId)) {
        entries.set(sessionId, {
          untilMs: addedAtMs + LONGEST_LIFE_MS + CLOCK_MARGIN_MS,
          addedAtMs,
        })
        if (endedBefore) addedAfterEnd.set(sessionId, addedAtMs)
        cached = undefined
      }
    },
    tag() {
      sweep()
      return entries.tag()
    },
    whole() {
      sweep()
      const atMs = elapsedMs()
      if (cached === undefined || atMs - cached.atMs >= SWEEP_MS)
        cached = { atMs, list: entries.list((entry) => secondsLeft(entry, atMs)) }
      return cached.list
    },
    since(fromMs) {
      sweep()
      const atMs = elapsedMs()
      return entries.since(fromMs, (entry) => secondsLeft(entry, atMs))
    },
    learn(answer) {
      for (const revoked of answer.revocations) learn(revoked, answer.nowMs)
    },
    sweep,
    size: () => entries.size(),
  }

  /**
   * Replaces our own estimate by the end that token-store reports, so that all processes have the
   * same list. Never shortens an end that token-store reported before, nor the lifetime that the
   * tokens had left when we revoked the session, because its clock may have jumped since.
   */
  function learn(
    { sessionId, untilMs, revokedAtMs }: RevocationsResult['revocations'][number],
    nowMs: number,
  ): void {
    const known = entries.get(sessionId)
    const isFirstRead = lastReadAtMs() === undefined
    if (!isFirstRead && known === undefined)
      metrics.revocationLearned(Math.max(0, (nowMs - revokedAtMs) / 1000))
    const ownMs =
      known?.addedAtMs === undefined
        ? known?.untilMs
        : known.addedAtMs + (untilMs - revokedAtMs) + CLOCK_MARGIN_MS
    const endMs = Math.max(elapsedMs() + (untilMs - nowMs) + CLOCK_MARGIN_MS, ownMs ?? -Infinity)
    if (known?.storeUntilMs !== untilMs) cached = undefined
    // In the first read, all entries are as old as their revocation.
    const learnedMs = isFirstRead ? revokedAtMs : nowMs
    entries.set(sessionId, { untilMs: endMs, storeUntilMs: untilMs }, learnedMs)
  }

  function secondsLeft({ untilMs, addedAtMs }: RevocationEntry, atMs: number): number {
    // Before token-store reports it, the end is an estimate; back ends get the exact one a second
    // later.
    const endMs =
      addedAtMs === undefined ? untilMs : addedAtMs + accessTtlSeconds * 1000 + CLOCK_MARGIN_MS
    return Math.max(0, Math.ceil((endMs - atMs) / 1000))
  }

  function sweep(): void {
    const nowMs = elapsedMs()
    if (nowMs - sweptAtMs < SWEEP_MS) return
    sweptAtMs = nowMs
    endUnreported()
    if (entries.removeEnded(nowMs)) cached = undefined
  }

  function endUnreported(): void {
    const readAtMs = lastReadAtMs()
    for (const [sessionId, addedAtMs] of addedAfterEnd) {
      if (readAtMs === undefined || readAtMs - addedAtMs < REPORTED_WITHIN_MS) return
      addedAfterEnd.delete(sessionId)
      if (entries.get(sessionId)?.addedAtMs === addedAtMs)
        entries.set(sessionId, { untilMs: addedAtMs, addedAtMs })
    }
  }
}
