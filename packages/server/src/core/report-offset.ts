import type { Log } from './log.ts'
import type { SharedClock } from './shared-clock.ts'

/**
 * Wraps a clock so that it logs once when this machine's clock is wrong, and once when it is right
 * again.
 */
export function reportOffset(clock: SharedClock, log: Pick<Log, 'warn' | 'info'>): SharedClock {
  let warned = false

  return {
    ...clock,
    observe(reading) {
      clock.observe(reading)
      if (clock.isOff() === warned) return
      warned = !warned
      const offsetSeconds = Math.round(clock.offsetMs() / 1000)
      if (warned)
        log.warn(
          { offsetSeconds },
          "Clock of this machine differs from the server's and is corrected: synchronize it by NTP",
        )
      else log.info({ offsetSeconds }, 'Clock of this machine recovered')
    },
  }
}
