import { throttledLog } from '@auto-refresh/service-kit/timing'

/** A collector that is away is away for every batch. */
const QUIET_MS = 30_000

/**
 * Tells of spans that could not be sent, once in half a minute: the SDK loses them without a word
 * to anybody but its diagnosis.
 */
export function tellNowAndThen(onTrouble: (reason: string) => void): (message: string) => void {
  return throttledLog({
    everyMs: QUIET_MS,
    write: (_omitted, message: string) => onTrouble(reasonOf(message)),
  })
}

/** The SDK writes a whole error as JSON, stack and all. */
function reasonOf(message: string): string {
  try {
    return (JSON.parse(message) as { message?: string }).message ?? message
  } catch {
    return message
  }
}
