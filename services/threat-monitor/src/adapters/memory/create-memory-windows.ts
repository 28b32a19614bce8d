import type { Clock } from '@auto-refresh/service-kit/timing'
import { LRUCache } from 'lru-cache'
import type { Detection } from '../../domain/decide-detection.ts'
import type { Watched } from '../../domain/observation.ts'
import { addToWindow, type Window } from '../../domain/window.ts'
import type { Counted, Windows } from '../../ports.ts'

/**
 * Costs 80 MB if each entry has its own window, 140 MB if all are sign-ins. Beyond this number the
 * least recently seen subject is dropped.
 */
const MAX_ENTRIES = 200_000
const MAX_CLAIMS = 20_000

type Kept = { window: Window; untilMs: number }

/** The windows of one process, with at most `maxEntries` entries. */
export function createMemoryWindows({
  clock,
  maxEntries = MAX_ENTRIES,
}: {
  clock: Clock
  maxEntries?: number
}): Windows & { size(): number } {
  // In the order of use: the first is the least recently seen.
  const kept = new Map<string, Kept>()
  /** until when no other event may publish the subject */
  const claims = new LRUCache<string, number>({ max: MAX_CLAIMS })
  /** by subject and event; events older than an hour are ignored, so none is needed for longer */
  const unpublished = new LRUCache<string, Detection>({ max: MAX_CLAIMS })
  let entries = 0

  function add(observation: Watched): Counted {
    const { member, atMs, threshold } = observation
    const key = toKey(observation)
    const before = kept.get(key)?.window ?? []
    const counted = addToWindow(before, { member, atMs }, threshold)
    kept.delete(key)
    kept.set(key, { window: counted.window, untilMs: endOf(observation) })
    entries += counted.window.length - before.length
    forgetOld()
    return { ...counted, unpublished: unpublished.peek(toEventKey(observation)) }
  }

  function forgetOld(): void {
    for (const [key, { window, untilMs }] of kept) {
      if (entries <= maxEntries && untilMs > clock.nowMs()) return
      kept.delete(key)
      entries -= window.length
    }
  }

  const endOf = ({ threshold }: Watched) => clock.nowMs() + threshold.seconds * 1000

  return {
    size: () => entries,
    add: async (observations) => observations.map(add),
    async claim(observation, detection) {
      if ((claims.peek(toKey(observation)) ?? 0) > clock.nowMs()) return false
      claims.set(toKey(observation), endOf(observation))
      unpublished.set(toEventKey(observation), detection)
      return true
    },
    async published(observation) {
      claims.set(toKey(observation), endOf(observation))
      unpublished.delete(toEventKey(observation))
    },
  }
}

const toKey = ({ pattern, subject }: Watched) => `${pattern} ${subject}`
const toEventKey = (observation: Watched) => `${toKey(observation)} ${observation.eventId}`
