import { createHash } from 'node:crypto'
import type { InspectResult, RotateResult, TokenStore } from '@auto-refresh/contracts'
import { LRUCache } from 'lru-cache'

const TTL_MS = 60_000
const MOST = 20_000

type Revoked = Extract<RotateResult, { outcome: 'revoked' }>

/**
 * Remembers for a minute which tokens and sessions token-store has called revoked. That never
 * changes, so a dead token that is presented again costs no call and no transaction. An expired
 * session is not remembered: its end depends on the database's clock.
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

  function findRefusal(token: string, expectedSessionId: string | undefined): Revoked | undefined {
    const known = refusals.get(toKey(token))
    return expectedSessionId === undefined || expectedSessionId === known?.sessionId
      ? known
      : undefined
  }

  function learn(token: string, answer: { outcome: string } | RotateResult): void {
    if (!('sessionId' in answer) || answer.sessionId === undefined) return
    if (answer.outcome === 'revoked') refusals.set(toKey(token), answer)
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
      // Only the end of a session is remembered, and by the call that ended it.
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

/** Not the token itself: a heap dump must not hold more of them than it has to. */
const toKey = (token: string) => createHash('sha256').update(token).digest('base64url')
const toOwned = (sessionId: string, userId: string | undefined) => `${sessionId} ${userId}`
