import type { TokenStore } from '@auto-refresh/contracts'
import type { RevocationFeed, Revocations } from '../../ports/revocations.ts'
import type { Log, Metrics } from '../../ports/telemetry.ts'
import { createRevocationReader, OVERLAP_MS } from './create-revocation-reader.ts'
import { createRevokedSessions } from './create-revoked-sessions.ts'

type RevocationListDeps = Readonly<{
  tokenStore: Pick<TokenStore, 'revocations'>
  metrics: Pick<Metrics, 'revocationLearned'>
  /** monotonic: a clock that jumps forward must not make revoked tokens valid again */
  elapsedMs: () => number
  log: Log
  /** the lifetime of new access tokens */
  accessTtlSeconds: number
}>
type RevocationList = Revocations &
  Omit<RevocationFeed, 'retiredKids' | 'roleChanges'> &
  Readonly<{
    /** Resolves when the whole list has been read, or at `stop`, or when the signal aborts. */
    start(signal?: AbortSignal): Promise<void>
    stop(): Promise<void>
    /** Returns the number of sessions on the list. */
    size(): number
  }>

/**
 * Keeps the sessions whose access tokens are revoked, polled from token-store. While token-store is
 * unavailable the known revocations stay in force.
 */
export function createRevocationList(deps: RevocationListDeps): RevocationList {
  const { tokenStore, metrics, elapsedMs, log, accessTtlSeconds } = deps
  const sessions = createRevokedSessions({
    elapsedMs,
    accessTtlSeconds,
    lastReadAtMs: () => reader.lastReadAtMs(),
    metrics,
  })
  const reader = createRevocationReader({
    tokenStore,
    elapsedMs,
    log,
    onPage: sessions.learn,
    onRead: sessions.sweep,
  })

  return {
    isRevoked: sessions.isRevoked,
    add: sessions.add,
    tag: sessions.tag,
    whole: sessions.whole,
    since: (fromMs) => sessions.since(fromMs - OVERLAP_MS),
    size: sessions.size,
    asOfMs: reader.asOfMs,
    feedAgeMs: reader.feedAgeMs,
    start: reader.start,
    stop: reader.stop,
  }
}
