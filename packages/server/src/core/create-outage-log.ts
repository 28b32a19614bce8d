import type { CodedError } from '@auto-refresh/contracts'
import { createLineBudget } from './create-line-budget.ts'
import type { Log } from './log.ts'

/**
 * Creates the log of refusals that are our own failures: with their cause, at most ten lines a
 * second, so that an outage does not flood the log.
 */
export function createOutageLog(clock: { nowMs(): number }) {
  const countOmitted = createLineBudget(clock)

  return (error: CodedError, log: Pick<Log, 'warn'>): void => {
    const omitted = error.code === 'unavailable' ? countOmitted() : undefined
    if (omitted !== undefined)
      log.warn(
        { err: error.cause ?? error, omitted },
        'Answered 503: access token verification failed',
      )
  }
}
