import { createBatch } from '@auto-refresh/service-kit/batch'
import { CodedError, RotateRequest, type Tracing } from '@auto-refresh/contracts'
import { withDeadline } from '@auto-refresh/service-kit/timing'
import type { Static, TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Call } from './create-call.ts'

/**
 * Batches in flight. Measured: two to four are equally fast, one is slower. All waiting items go
 * into the next batch, because larger batches give more throughput.
 */
const IN_FLIGHT = 3
const LARGEST_BATCH = 256
const LONGEST_QUEUE = 10_000

type Waiting = { request: RotateRequest; deadlineAtMs: number }
/** Throws `CodedError('unavailable')` after `deadlineMs` at the latest. */
type Verb<Request, Result extends TSchema> = (request: Request) => Promise<Static<Result>>

/** Creates the methods of the client: calls of one item, and calls that are batched. */
export function createMethods({
  call,
  deadlineMs,
  nowMs,
  tracing,
}: {
  call: Call
  deadlineMs: number
  nowMs(): number
  tracing: Tracing
}) {
  const lateMessage = `No response within ${deadlineMs} ms`

  async function within<T>(verb: string, work: (deadlineAtMs: number) => Promise<T>): Promise<T> {
    try {
      return await withDeadline(work(nowMs() + deadlineMs), deadlineMs, lateMessage)
    } catch (cause) {
      throw new CodedError('unavailable', {
        cause: new Error(`token-store: ${verb} failed`, { cause }),
      })
    }
  }

  return {
    /** Creates a method that sends each call as one request. */
    single<Request extends object, Result extends TSchema>(
      verb: string,
      result: Result,
      { repeatable }: { repeatable: boolean },
    ): Verb<Request, Result> {
      const checker = Compile(result)
      return (request) =>
        within(verb, async (deadlineAtMs) => {
          const [value] = await call({ verb, items: [request], repeatable, deadlineAtMs })
          const checked = check(checker, value)
          if (checked instanceof Error) throw checked
          return checked
        })
    },

    /**
     * Creates a method whose waiting calls go into one request. Each item is validated first,
     * because token-store rejects whole batches.
     */
    batched<Result extends TSchema>(verb: string, result: Result): Verb<RotateRequest, Result> {
      const [items, results] = [Compile(RotateRequest), Compile(result)]
      const load = createBatch<Waiting, Static<Result>>({
        inFlight: IN_FLIGHT,
        largest: LARGEST_BATCH,
        longestQueue: LONGEST_QUEUE,
        longestWaitMs: deadlineMs,
        nowMs,
        async run(waiting) {
          const deadlineAtMs = Math.max(...waiting.map((each) => each.deadlineAtMs))
          const requests = waiting.map((each) => each.request)
          const values = await tracing.spanForAll(
            {
              kind: 'internal',
              name: `${verb} together`,
              attributes: { 'auth.batch.size': requests.length },
            },
            requests.map((each) => each.traceparent),
            (own) =>
              call({
                verb,
                items: requests.map((each, i) =>
                  own[i] === undefined ? each : { ...each, traceparent: own[i] },
                ),
                repeatable: true,
                deadlineAtMs,
              }),
          )
          return values.map((value) => check(results, value))
        },
      })
      return (item) =>
        within(verb, async (deadlineAtMs) => {
          if (!items.Check(item)) throw new Error('Request does not match the contract')
          return load({ request: item, deadlineAtMs })
        })
    },
  }
}

function check<Result>(
  results: { Check(value: unknown): value is Result },
  value: unknown,
): Result | Error {
  if (value instanceof Error || results.Check(value)) return value
  const isError = typeof value === 'object' && value !== null && 'error' in value
  return new Error(
    isError
      ? 'token-store failed to process the request'
      : 'Unexpected response body from token-store',
  )
}
