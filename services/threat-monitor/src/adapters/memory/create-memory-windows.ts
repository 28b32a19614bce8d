import type { Watched } from '../../domain/observation.ts'
import { addToWindow, type Window } from '../../domain/window.ts'
import type { Clock, Counted, Windows } from '../../ports.ts'

/** About 40 MB. Beyond it the subject not seen for longest is forgotten. */
const MAX_ENTRIES = 200_000
const MAX_CLAIMS = 20_000

type Kept = { window: Window; untilMs: number }
type Held = { eventId: string; told: boolean; untilMs: number }

/** The windows of one process, bounded in what they keep. */
export function createMemoryWindows({ clock, maxEntries = MAX_ENTRIES }: { clock: Clock; maxEntries?: number }): Windows & { size(): number } {
  // In the order of use: the first one is the one not seen for longest.
  const kept = new Map<string, Kept>()
  const claims = new Map<string, Held>()
  let entries = 0

  function add(observation: Watched): Counted {
    const key = toKey(observation)
    const before = kept.get(key)?.window ?? []
    const counted = addToWindow(before, observation, observation.threshold)
    kept.delete(key)
    kept.set(key, { window: counted.window, untilMs: endOf(observation) })
    entries += counted.window.length - before.length
    forgetOld()
    return counted
  }

  function forgetOld(): void {
    for (const [key, { window, untilMs }] of kept) {
      if (entries <= maxEntries && untilMs > clock.nowMs()) return
      kept.delete(key)
      entries -= window.length
    }
  }

  function heldBy(key: string): Held | undefined {
    const held = claims.get(key)
    return held !== undefined && held.untilMs > clock.nowMs() ? held : undefined
  }

  const endOf = ({ threshold }: Watched) => clock.nowMs() + threshold.seconds * 1000

  return {
    size: () => entries,
    add: async (observations) => observations.map(add),
    async claim(observation, isNew) {
      const key = toKey(observation)
      const held = heldBy(key)
      if (held !== undefined) return held.eventId === observation.eventId && !held.told ? 'mine' : 'others'
      if (!isNew) return 'nobodys'
      claims.delete(key)
      claims.set(key, { eventId: observation.eventId, told: false, untilMs: endOf(observation) })
      const [oldest] = claims.keys()
      if (claims.size > MAX_CLAIMS && oldest !== undefined) claims.delete(oldest)
      return 'mine'
    },
    async told(observation) {
      const held = claims.get(toKey(observation))
      if (held !== undefined) held.told = true
    },
  }
}

const toKey = ({ pattern, subject }: Watched) => `${pattern} ${subject}`
