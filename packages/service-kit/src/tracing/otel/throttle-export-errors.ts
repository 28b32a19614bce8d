import { throttledLog } from '@auto-refresh/service-kit/timing'

/** An unavailable collector fails every batch. */
const QUIET_MS = 30_000

/**
 * Returns an error logger for the SDK that calls `onExportFailed` with the reason, at most once in
 * 30 s. The SDK reports lost spans only to its diagnostic logger.
 */
export function throttleExportErrors(
  onExportFailed: (reason: string) => void,
): (message: string) => void {
  return throttledLog({
    everyMs: QUIET_MS,
    write: (_omitted, message: string) => onExportFailed(reasonOf(message)),
  })
}

/** The SDK writes the whole error as JSON, with its stack. */
function reasonOf(message: string): string {
  try {
    return (JSON.parse(message) as { message?: string }).message ?? message
  } catch {
    return message
  }
}
