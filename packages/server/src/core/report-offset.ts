import type { SharedClock } from './shared-clock.ts'

type Write = (fields: object, message: string) => void
type Log = Readonly<{ warn: Write; info: Write }>

/**
 * The clock, which logs once when this process's own clock is found to be wrong, and when it is
 * right again.
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
          "Clock of this machine differs from the server's and is corrected: set it by a time server",
        )
      else log.info({ offsetSeconds }, 'Clock of this machine recovered')
    },
  }
}
