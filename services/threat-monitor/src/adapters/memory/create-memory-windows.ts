import type { Clock } from '@auto-refresh/service-kit/timing'
import { LRUCache } from 'lru-cache'
import type { Detection } from '../../domain/decide-detection.ts'
import type { Watched } from '../../domain/observation.ts'
import { addToWindow, type Window } from '../../domain/window.ts'
import type { Counted, Windows } from '../../ports.ts'

/**
 * 80 MB where each has a window of its own, 140 MB where all are sign-ins. Beyond it the subject
 * not seen for longest is forgotten.
 */
const MAX_ENTRIES = 200_000
const MAX_CLAIMS = 20_000

type Kept = { window: Window; untilMs: number }

/** The windows of one process, bounded in what they keep. */
export function createMemoryWindows({
  clock,
  maxEntries = MAX_ENTRIES,
}: {
  clock: Clock
  maxEntries?: number
}): Windows & { size(): number } {
  // In the order of use: the first one is the one not seen for longest.
  const kept = new Map<string, Kept>()
  /** until when nobody else tells the subject */
  const claims = new LRUCache<string, number>({ max: MAX_CLAIMS })
  /** by subject and event; none is asked for after an hour, when its event is history */
  const untold = new LRUCache<string, Detection>({ max: MAX_CLAIMS })
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
    return { ...counted, untold: untold.peek(toEventKey(observation)) }
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
      untold.set(toEventKey(observation), detection)
      return true
    },
    async told(observation) {
      claims.set(toKey(observation), endOf(observation))
      untold.delete(toEventKey(observation))
    },
  }
}

const toKey = ({ pattern, subject }: Watched) => `${pattern} ${subject}`
const toEventKey = (observation: Watched) => `${toKey(observation)} ${observation.eventId}`
