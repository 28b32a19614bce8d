import type { Tracing } from '@auto-refresh/contracts'
import {
  destination as openDestination,
  pino,
  stdSerializers,
  stdTimeFunctions,
  type DestinationStream,
  type LevelWithSilent,
  type Logger as PinoLogger,
} from 'pino'
import { maskSecrets } from './mask-secrets.ts'
import { toTraceIds } from './to-trace-ids.ts'

export type Logger = PinoLogger
export type LogLevel = LevelWithSilent

/** Lines wait until they fill this buffer or for this time: each write wakes another thread. */
const BUFFER_BYTES = 4096
const FLUSH_MS = 100
/** A blocked reader of stdout must not block the process: beyond this, lines are dropped. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024

/**
 * Creates a logger that writes one JSON object per line to stdout. Secrets are masked; `trace_id`
 * and `span_id` are added if a trace is recorded. Pass errors as `err`.
 */
export function createLogger({
  service,
  level,
  destination = openStdout(),
  tracing,
}: {
  service: string
  level: LogLevel
  destination?: DestinationStream
  tracing?: Pick<Tracing, 'current'>
}): Logger {
  return pino(
    {
      level,
      base: { service },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      ...(tracing && { mixin: () => toTraceIds(tracing.current()) }),
      serializers: { err: stdSerializers.err, error: stdSerializers.err },
    },
    { write: (line: string) => destination.write(maskSecrets(line)) },
  )
}

/** Ignores write errors: a closed terminal (EIO) must not end the process before it has stopped. */
function openStdout(): DestinationStream {
  return openDestination({
    dest: 1,
    sync: false,
    maxLength: MAX_WAITING_BYTES,
    minLength: BUFFER_BYTES,
    periodicFlush: FLUSH_MS,
  }).on('error', () => {})
}

/** A logger for tests that writes nothing. */
export const createSilentLogger = (): Logger => pino({ level: 'silent' })
