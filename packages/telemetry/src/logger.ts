import { destination as openDestination, pino, stdSerializers, stdTimeFunctions, type DestinationStream, type Logger as PinoLogger } from 'pino'
import { maskSecrets } from './mask-secrets.ts'

export type Logger = PinoLogger
export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** A reader of our output that stands still must not stop us: beyond this, lines are dropped. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024

/** One JSON object a line, to stdout, with every secret masked. Errors go under `err`. */
export function createLogger({ service, level, destination = openDestination({ dest: 1, sync: false, maxLength: MAX_WAITING_BYTES }) }: {
  service: string
  level: LogLevel
  destination?: DestinationStream
}): Logger {
  return pino(
    {
      level,
      base: { service },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: stdSerializers.err, error: stdSerializers.err },
    },
    { write: (line: string) => destination.write(maskSecrets(line)) },
  )
}

/** For tests. */
export const createSilentLogger = (): Logger => pino({ level: 'silent' })
