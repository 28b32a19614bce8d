import type { AnyEvent } from '@auto-refresh/contracts'
import { createBatch } from '@auto-refresh/service-kit/batch'
import type { Process } from '../to-process.ts'

/** Parts that are handled together: of 12 partitions, as many as our topics have. */
const MOST_PARTS = 12

type Part = Readonly<{
  events: readonly AnyEvent[]
  topic: string
  partition: number
  heartbeat: () => Promise<void>
}>

/**
 * Returns a function that passes events of one partition to `process`, together with those of other
 * partitions that arrive in the same turn: up to 12 partitions of a topic in one call. If such a call
 * fails, each partition's events are passed alone, so that one bad event stops only its own
 * partition. There is never more than one call at a time.
 */
export function createHandleParts(process: Process): (part: Part) => Promise<void> {
  const load = createBatch<Part, 'handled'>({
    inFlight: 1,
    largest: MOST_PARTS,
    longestQueue: Infinity,
    longestWaitMs: Infinity,
    nowMs: () => 0,
    async run(parts) {
      const outcomes = new Map<Part, 'handled' | Error>()
      for (const [topic, group] of Map.groupBy(parts, (part) => part.topic))
        for (const [part, outcome] of await handleGroup(process, topic, group))
          outcomes.set(part, outcome)
      return parts.map((part) => outcomes.get(part) ?? new Error('Events were not handled'))
    },
  })
  return async (part) => void (await load(part))
}

type Outcomes = readonly (readonly [Part, 'handled' | Error])[]

async function handleGroup(
  process: Process,
  topic: string,
  parts: readonly Part[],
): Promise<Outcomes> {
  if (parts.length > 1) {
    const together = await tryTo(() =>
      process(
        parts.flatMap(({ events }) => events),
        { topic },
      ),
    )
    if (together === 'handled') return parts.map((part) => [part, together])
  }
  const outcomes: [Part, 'handled' | Error][] = []
  for (const part of parts) {
    // If the calls hang, all of them together take as long as the session timeout. The caller of the
    // part sends the next heartbeat, and gets the same error.
    await part.heartbeat().catch(() => {})
    outcomes.push([
      part,
      await tryTo(() => process(part.events, { topic, partition: part.partition })),
    ])
  }
  return outcomes
}

async function tryTo(work: () => Promise<void>): Promise<'handled' | Error> {
  try {
    await work()
    return 'handled'
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error), { cause: error })
  }
}
