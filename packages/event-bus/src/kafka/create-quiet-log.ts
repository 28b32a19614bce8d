import { throttledLog } from '@auto-refresh/service-kit/timing'
import type { KafkaLog } from './settings.ts'

const SILENCE_MS = 10_000
const MAX_REMEMBERED = 100

/** Writes each warning at most once in 10 s, with the number of times it was withheld. */
export function createQuietLog(
  log: KafkaLog,
  nowMs: () => number = () => performance.now(),
): KafkaLog {
  type Warn = (fields: object) => void
  const warns = new Map<string, Warn>()
  const createWarn = (message: string): Warn =>
    throttledLog({
      everyMs: SILENCE_MS,
      nowMs,
      write: (withheld, fields: object) =>
        log.warn({ ...fields, ...(withheld > 0 && { withheld }) }, message),
    })
  return {
    info: (fields, message) => log.info?.(fields, message),
    warn(fields, message) {
      const warn = warns.get(message) ?? createWarn(message)
      if (!warns.has(message)) {
        if (warns.size >= MAX_REMEMBERED) warns.clear()
        warns.set(message, warn)
      }
      warn(fields)
    },
  }
}
