import { LRUCache } from 'lru-cache'
import type { FamiliarSignIns } from '../../ports/sign-in-limits.ts'

const MOST = 50_000

/**
 * Remembers the latest sign-ins, in memory only, because it is read before any other work. While
 * too many sign-ins wait, unfamiliar ones are refused with a retryable 503. Filled from the audit
 * trail at the start.
 */
export function createFamiliarSignIns(): FamiliarSignIns {
  const known = new LRUCache<string, true>({ max: MOST })
  const blocks = new LRUCache<string, true>({ max: MOST })
  const toKey = ({ usernameHash, block }: { usernameHash: string; block: string }) =>
    `${block} ${usernameHash}`
  return {
    has: (signIn) => known.has(toKey(signIn)),
    hasBlock: (block) => blocks.has(block),
    add(signIn) {
      known.set(toKey(signIn), true)
      blocks.set(signIn.block, true)
    },
  }
}
