import type { AnyEvent } from '@auto-refresh/contracts'

/** Records handled events; `firstOccurrences` returns each session's numbers in order of arrival. */
export function createRecord() {
  const handled: AnyEvent[] = []
  return {
    handled,
    handle: async (event: AnyEvent) => void handled.push(event),
    handleBatch: async (events: readonly AnyEvent[]) => void handled.push(...events),
    ids: () => new Set(handled.map((event) => event.id)),
    firstOccurrences: () =>
      toOrder(
        [...new Map(handled.toReversed().map((event) => [event.id, event])).values()].toReversed(),
      ),
  }
}

/** Session -> the numbers of its events, in the order given. */
export function toOrder(events: readonly AnyEvent[]): Record<string, number[]> {
  const order: Record<string, number[]> = {}
  for (const { key, data } of events)
    (order[key] ??= []).push('session_seq' in data ? data.session_seq : 0)
  return order
}
