import { PATTERNS, type Pattern } from '@auto-refresh/contracts'
import type { Threshold, Thresholds } from '../domain/observation.ts'

/** Every pattern has a threshold of three per minute, except those with a threshold of one. */
export const THRESHOLDS = toThresholds((pattern) => ({
  points: ['reuse', 'shadow', 'replay_elsewhere', 'sign_in_after_reuse'].includes(pattern) ? 1 : 3,
  seconds: 60,
}))

export function toThresholds(of: (pattern: Pattern) => Threshold | 'off'): Thresholds {
  return Object.fromEntries(PATTERNS.map((pattern) => [pattern, of(pattern)])) as Thresholds
}
