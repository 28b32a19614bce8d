import { tracingChannel } from 'node:diagnostics_channel'
import type { Span } from '@opentelemetry/api'
import { endSpan, toErrorType, type Spans } from './create-spans.ts'

/** Creates a client span for each command of ioredis, named by the command, without its arguments. */
export function traceRedis({ spans }: { spans: Spans }): () => void {
  const channel = tracingChannel<'ioredis:command', { command: string; error?: unknown }>(
    'ioredis:command',
  )
  const ofCommand = new WeakMap<object, Span>()

  function end(message: { error?: unknown }): void {
    const span = ofCommand.get(message)
    if (span === undefined) return
    ofCommand.delete(message)
    endSpan(span, message.error === undefined ? {} : toErrorType(message.error))
  }

  const listeners = {
    start(message: { command: string }) {
      const parent = spans.current()
      if (parent === undefined) return
      const name = message.command.toUpperCase()
      ofCommand.set(
        message,
        spans.start('client', name, {
          attributes: { 'db.system.name': 'redis', 'db.operation.name': name },
          parent: parent.spanContext(),
        }),
      )
    },
    end: () => {},
    asyncStart: end,
    asyncEnd: end,
    error: () => {},
  }
  channel.subscribe(listeners)
  return () => channel.unsubscribe(listeners)
}
