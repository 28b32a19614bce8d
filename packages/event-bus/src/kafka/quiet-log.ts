import type { KafkaLog } from './settings.ts'

const SILENCE_MS = 10_000
const MOST_REMEMBERED = 100

/** Says the same only once in ten seconds, with how often it was not said. */
export function createQuietLog(
  log: KafkaLog,
  nowMs: () => number = () => performance.now(),
): KafkaLog {
  const said = new Map<string, { atMs: number; withheld: number }>()
  return {
    info: (fields, message) => log.info?.(fields, message),
    warn(fields, message) {
      const before = said.get(message)
      if (before !== undefined && nowMs() - before.atMs < SILENCE_MS) {
        before.withheld += 1
        return
      }
      if (said.size >= MOST_REMEMBERED) said.clear()
      said.set(message, { atMs: nowMs(), withheld: 0 })
      log.warn(
        {
          ...fields,
          ...(before !== undefined && before.withheld > 0 && { withheld: before.withheld }),
        },
        message,
      )
    },
  }
}
