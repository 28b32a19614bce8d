import { LRUCache } from 'lru-cache'
import type { FamiliarSignIns } from '../../ports.ts'

const MOST = 50_000

/**
 * In memory alone, because it is asked before any work is done. While too many sign-ins wait, those that it does not know
 * are refused with a retryable 503, as are all but known devices after a restart.
 */
export function createFamiliarSignIns(): FamiliarSignIns {
  const known = new LRUCache<string, true>({ max: MOST })
  const blocks = new LRUCache<string, true>({ max: MOST })
  const toKey = ({ usernameKey, block }: { usernameKey: string; block: string }) => `${block} ${usernameKey}`
  return {
    has: (attempt) => known.has(toKey(attempt)),
    hasBlock: (block) => blocks.has(block),
    add(attempt) {
      known.set(toKey(attempt), true)
      blocks.set(attempt.block, true)
    },
  }
}
