import { LRUCache } from 'lru-cache'
import type { FamiliarSignIns } from '../../ports.ts'

const MOST = 50_000

/** In memory alone: it is asked before any work is done, and decides about the order, not about the right to sign in. */
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
