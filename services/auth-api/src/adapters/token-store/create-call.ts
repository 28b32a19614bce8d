import type { Answer, Store } from './open-store.ts'
import type { Stores } from './create-stores.ts'

/**
 * A store that is alone is asked again after a random part of this, so that callers do not come
 * back all at once.
 */
const LONGEST_PAUSE_MS = 100

type CallRequest = Readonly<{
  verb: string
  items: readonly object[]
  /** whether it does the same when it is carried out twice */
  repeatable: boolean
  /** on the clock of `nowMs` */
  deadlineAtMs: number
}>
/**
 * One result per item, as the store sent them, or an `Error` for an item that went wrong by itself.
 * Throws what went wrong with all.
 */
export type Call = (request: CallRequest) => Promise<readonly unknown[]>

/**
 * Asks one token-store, and after trouble once more: another one at once, the same one after a
 * random pause, always within the deadline. What is not repeatable is asked again only when no
 * connection was made.
 */
export function createCall({
  stores,
  nowMs,
  random,
}: {
  stores: Stores
  nowMs(): number
  random(): number
}): Call {
  async function ask(
    { verb, items, repeatable, deadlineAtMs }: CallRequest,
    tried?: Attempt,
  ): Promise<Attempt> {
    const { store, end } = await stores.pick()
    if (store === tried?.store)
      await new Promise((resolve) => setTimeout(resolve, random() * LONGEST_PAUSE_MS))
    const leftMs = deadlineAtMs - nowMs()
    // Half of the time is kept for the other store, as long as there is one.
    const withinMs =
      tried === undefined && repeatable && stores.hasAnother(store) ? leftMs / 2 : leftMs
    const answer = await store.post(verb, items, withinMs)
    if (answer.outcome === 'answered' || answer.outcome === 'rejected') end('well')
    else end('trouble', answer.cause)
    return { store, answer }
  }

  async function call(request: CallRequest): Promise<readonly unknown[]> {
    const first = await ask(request)
    const again =
      mayRepeat(first.answer, request.repeatable) &&
      nowMs() + LONGEST_PAUSE_MS < request.deadlineAtMs
    const { answer } = again ? await ask(request, first) : first
    if (answer.outcome === 'answered') return answer.results
    if (answer.outcome === 'rejected' && request.items.length > 1) return callInHalves(request)
    throw answer.cause
  }

  /**
   * A store rejects a request whole; one item that it does not take must not cost the others their
   * answer.
   */
  async function callInHalves(request: CallRequest): Promise<readonly unknown[]> {
    const middle = Math.ceil(request.items.length / 2)
    const halves = [request.items.slice(0, middle), request.items.slice(middle)]
    const results = await Promise.all(
      halves.map((items) =>
        call({ ...request, items }).catch((error: unknown) => items.map(() => error)),
      ),
    )
    return results.flat()
  }

  return call
}

type Attempt = { store: Store; answer: Answer }

function mayRepeat({ outcome }: Answer, repeatable: boolean): boolean {
  return outcome === 'not_reached' || (outcome === 'failed' && repeatable)
}
