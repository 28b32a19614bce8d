import type { SharedClock } from './shared-clock.ts'

type Write = (fields: object, message: string) => void
type Log = Readonly<{ warn: Write; info: Write }>

/**
 * Wraps a clock so that it logs once when this machine's clock is wrong, and once when it is right
 * again.
 */
export function reportOffset(clock: SharedClock, log: Log): SharedClock {
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
