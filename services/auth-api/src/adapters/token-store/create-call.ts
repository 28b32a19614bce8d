import type { Replicas } from './create-replicas.ts'
import type { Answer, Replica } from './open-replica.ts'

/**
 * A single replica is retried after a random part of this, so that callers do not retry at once.
 */
const LONGEST_PAUSE_MS = 100

type CallRequest = Readonly<{
  verb: string
  items: readonly object[]
  /** whether a repeated call has the same effect as one call */
  repeatable: boolean
  /** on the clock of `nowMs` */
  deadlineAtMs: number
}>
/**
 * Returns one result for each item, as token-store sent it, or an `Error` for an item that failed
 * alone. Throws when the whole call fails.
 */
export type Call = (request: CallRequest) => Promise<readonly unknown[]>

/**
 * Creates the function that calls token-store and retries once within the deadline: another replica
 * at once, or the same replica after a random pause. A call that is not repeatable is retried only
 * when no connection was made.
 */
export function createCall({
  replicas,
  nowMs,
  random,
}: {
  replicas: Replicas
  nowMs(): number
  random(): number
}): Call {
  async function attempt(
    { verb, items, repeatable, deadlineAtMs }: CallRequest,
    tried?: Attempt,
  ): Promise<Attempt> {
    const { replica, release } = await replicas.pick()
    if (replica === tried?.replica)
      await new Promise((resolve) => setTimeout(resolve, random() * LONGEST_PAUSE_MS))
    const leftMs = deadlineAtMs - nowMs()
    // Half of the time is kept for another replica, if there is one.
    const withinMs =
      tried === undefined && repeatable && replicas.hasAnother(replica) ? leftMs / 2 : leftMs
    const answer = await replica.post(verb, items, withinMs)
    if (answer.outcome === 'answered' || answer.outcome === 'rejected') release('healthy')
    else release('failed', answer.cause)
    return { replica, answer }
  }

  async function call(request: CallRequest): Promise<readonly unknown[]> {
    const first = await attempt(request)
    const again =
      mayRepeat(first.answer, request.repeatable) &&
      nowMs() + LONGEST_PAUSE_MS < request.deadlineAtMs
    const { answer } = again ? await attempt(request, first) : first
    if (answer.outcome === 'answered') return answer.results
    if (answer.outcome === 'rejected' && request.items.length > 1) return callInHalves(request)
    throw answer.cause
  }

  /**
   * token-store rejects a whole request. Halving it until the invalid item is alone lets the other
   * items succeed.
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

type Attempt = { replica: Replica; answer: Answer }

function mayRepeat({ outcome }: Answer, repeatable: boolean): boolean {
  return outcome === 'not_reached' || (outcome === 'failed' && repeatable)
}
