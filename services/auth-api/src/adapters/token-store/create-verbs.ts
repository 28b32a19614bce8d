import { createBatch } from '@auto-refresh/batch'
import { CodedError } from '@auto-refresh/contracts'
import type { Static, TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Call } from './create-call.ts'

/** Two to four batches at work were alike, one idles; all that waits goes into each, because batch size is the throughput. */
const IN_FLIGHT = 3
const LARGEST_BATCH = 256
const LONGEST_QUEUE = 10_000

type Waiting = { request: object; deadlineAtMs: number }
/** Throws `CodedError('unavailable')` after `deadlineMs` at the latest, whatever it waits for. */
type Verb<Request, Result extends TSchema> = (request: Request) => Promise<Static<Result>>

export function createVerbs({ call, deadlineMs, nowMs }: { call: Call; deadlineMs: number; nowMs(): number }) {
  async function within<T>(verb: string, work: (deadlineAtMs: number) => Promise<T>): Promise<T> {
    const late = Promise.withResolvers<never>()
    const timer = setTimeout(() => late.reject(new Error(`No answer in ${deadlineMs} ms`)), deadlineMs)
    try {
      return await Promise.race([work(nowMs() + deadlineMs), late.promise])
    } catch (cause) {
      throw new CodedError('unavailable', { cause: new Error(`token-store: ${verb} failed`, { cause }) })
    } finally {
      clearTimeout(timer)
    }
  }

  return {
    /** One request, one item. */
    single<Request extends object, Result extends TSchema>(verb: string, result: Result, { repeatable }: { repeatable: boolean }): Verb<Request, Result> {
      const checker = Compile(result)
      return (request) =>
        within(verb, async (deadlineAtMs) => {
          const [value] = await call({ verb, items: [request], repeatable, deadlineAtMs })
          const checked = check(checker, value)
          if (checked instanceof Error) throw checked
          return checked
        })
    },

    /** What waits goes into one request. Each item is looked at before: a store refuses a batch whole. */
    batched<Request extends TSchema, Result extends TSchema>(verb: string, request: Request, result: Result): Verb<Static<Request>, Result> {
      const [requests, results] = [Compile(request), Compile(result)]
      const load = createBatch<Waiting, Static<Result>>({
        inFlight: IN_FLIGHT,
        largest: LARGEST_BATCH,
        longestQueue: LONGEST_QUEUE,
        longestWaitMs: deadlineMs,
        nowMs,
        async run(waiting) {
          const deadlineAtMs = Math.max(...waiting.map((each) => each.deadlineAtMs))
          const values = await call({ verb, items: waiting.map((each) => each.request), repeatable: true, deadlineAtMs })
          return values.map((value) => check(results, value))
        },
      })
      return (item) =>
        within(verb, async (deadlineAtMs) => {
          if (!requests.Check(item)) throw new Error('The request has another form than the contract')
          return load({ request: item, deadlineAtMs })
        })
    },
  }
}

function check<Result>(results: { Check(value: unknown): value is Result }, value: unknown): Result | Error {
  if (value instanceof Error || results.Check(value)) return value
  const told = typeof value === 'object' && value !== null && 'error' in value
  return new Error(told ? 'It could not carry it out' : 'The answer has another form')
}
