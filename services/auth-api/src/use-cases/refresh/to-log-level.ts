import type { PeekResult, RotateResult } from '@auto-refresh/contracts'
import type { Log, RefreshMetricOutcome } from '../../ports/telemetry.ts'

/**
 * Of a refresh: alarms warn; what anybody can send without end, at no cost of theirs, must not fill
 * a disk, and is only counted.
 */
export function toLogLevel(
  answer: RotateResult | PeekResult,
  counted: RefreshMetricOutcome,
): Extract<keyof Log, 'debug' | 'info' | 'warn'> {
  if (counted === 'reused' || counted === 'regressed') return 'warn'
  const isAuthentic = answer.outcome === 'invalid' ? answer.mac : answer.outcome !== 'unknown_kid'
  return isAuthentic && counted !== 'rate_limited' ? 'info' : 'debug'
}
