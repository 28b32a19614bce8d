import { AsyncResource } from 'node:async_hooks'
import type { SpanOptions, Tracing } from '@auto-refresh/contracts'
import type { ClientBase, Pool } from 'pg'

type Query = (...args: unknown[]) => unknown
type Callback = (error: unknown, ...results: unknown[]) => void

/**
 * Creates a client span for each query of a traced request, named by the statement's name or its
 * first word. It contains neither the statement nor a value. Untraced queries, such as the relay's
 * polling, cost one check.
 */
export function traceQueries(pool: Pool, tracing: Tracing): void {
  const connect = pool.connect.bind(pool) as (callback?: Callback) => unknown
  // Without the binding a waiting query would get the context, and the trace, of the request that
  // released the client.
  const bound = (callback?: Callback) =>
    callback === undefined ? connect() : connect(AsyncResource.bind(callback))
  pool.connect = bound as Pool['connect']
  pool.on('connect', (client) => traceClient(client, tracing))
}

function traceClient(client: ClientBase, tracing: Tracing): void {
  const query = client.query.bind(client) as Query
  const traced: Query = (...args) => {
    if (tracing.current() === undefined) return query(...args)
    const done = args.at(-1)
    if (typeof done !== 'function') return tracing.span(toSpan(args[0]), async () => query(...args))
    // The pool passes a callback, which must be called as soon as the result arrives.
    void tracing
      .span(toSpan(args[0]), () => {
        const { promise, resolve, reject } = Promise.withResolvers<void>()
        const answered: Callback = (error, result) => {
          if (error instanceof Error) reject(error)
          else resolve()
          ;(done as Callback)(error, result)
        }
        try {
          query(...args.slice(0, -1), answered)
        } catch (error) {
          answered(error)
        }
        return promise
      })
      .catch(() => {})
    return undefined
  }
  client.query = traced as ClientBase['query']
}

function toSpan(config: unknown): SpanOptions<unknown> {
  const name = nameOf(config)
  return {
    kind: 'client',
    name,
    attributes: { 'db.system.name': 'postgresql', 'db.query.summary': name },
  }
}

function nameOf(config: unknown): string {
  if (typeof config === 'string') return /^\s*(\w+)/.exec(config)?.[1]?.toLowerCase() ?? 'query'
  if (typeof config !== 'object' || config === null) return 'query'
  if ('name' in config && typeof config.name === 'string') return config.name
  return 'text' in config ? nameOf(config.text) : 'query'
}
