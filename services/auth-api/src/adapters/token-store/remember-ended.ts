import { hash } from 'node:crypto'
import type { InspectResult, RotateResult, TokenStore } from '@auto-refresh/contracts'
import { LRUCache } from 'lru-cache'

const TTL_MS = 60_000
const MOST = 20_000

type Revoked = Extract<RotateResult, { outcome: 'revoked' }>

/**
 * Remembers for a minute which tokens and sessions token-store has reported as revoked. That never
 * changes, so presenting such a token again causes no call and no transaction. Expired sessions are
 * not remembered, because they depend on the database clock.
 */
export function rememberEnded({
  tokenStore,
  nowMs,
}: {
  tokenStore: TokenStore
  /** monotonic */
  nowMs: () => number
}): TokenStore {
  const options = { max: MOST, ttl: TTL_MS, ttlResolution: 0, perf: { now: nowMs } }
  const refusals = new LRUCache<string, Revoked>(options)
  const inspections = new LRUCache<string, InspectResult>(options)
  const ended = new LRUCache<string, true>(options)

  function findRefusal(
    refreshToken: string,
    expectedSessionId: string | undefined,
  ): Revoked | undefined {
    if (refusals.size === 0) return undefined
    const known = refusals.get(toKey(refreshToken))
    return expectedSessionId === undefined || expectedSessionId === known?.sessionId
      ? known
      : undefined
  }

  function learn(refreshToken: string, answer: { outcome: string } | RotateResult): void {
    if (!('sessionId' in answer) || answer.sessionId === undefined) return
    if (answer.outcome === 'revoked') refusals.set(toKey(refreshToken), answer)
  }

  return {
    ...tokenStore,
    async rotate(request) {
      const known = findRefusal(request.token, request.expectedSessionId)
      if (known !== undefined) return known
      const answer = await tokenStore.rotate(request)
      learn(request.token, answer)
      return answer
    },
    async peek(request) {
      const known = findRefusal(request.token, request.expectedSessionId)
      if (known !== undefined) return known
      const answer = await tokenStore.peek(request)
      learn(request.token, answer)
      return answer
    },
    async inspect(request) {
      const key = 'token' in request ? toKey(request.token) : request.sessionId
      const known = inspections.get(key)
      // Only sessions that `revokeSession` has ended are answered from memory.
      if (known?.outcome === 'found' && ended.has(toOwned(known.session.id, known.session.userId)))
        return known
      const answer = await tokenStore.inspect(request)
      if (answer.outcome === 'found' && !answer.active) inspections.set(key, answer)
      return answer
    },
    async revokeSession(request) {
      const key = toOwned(request.sessionId, request.userId)
      if (ended.has(key)) return { outcome: 'already_ended' }
      const answer = await tokenStore.revokeSession(request)
      if (answer.outcome !== 'not_found') ended.set(key, true)
      return answer
    },
  }
}

/** Hashes the token, so that it does not stay in memory. */
const toKey = (refreshToken: string) => hash('sha256', refreshToken, 'base64url')
const toOwned = (sessionId: string, userId: string | undefined) => `${sessionId} ${userId}`
