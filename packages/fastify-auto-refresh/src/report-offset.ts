import type { FastifyBaseLogger } from 'fastify'
import type { SharedClock } from './shared-clock.ts'

/** The clock, which logs once when this process's own clock is found to be wrong, and when it is right again. */
export function reportOffset(clock: SharedClock, log: Pick<FastifyBaseLogger, 'warn' | 'info'>): SharedClock {
  let warned = false

  return {
    ...clock,
    observe(reading) {
      clock.observe(reading)
      if (clock.isOff() === warned) return
      warned = !warned
      const offsetSeconds = Math.round(clock.offsetMs() / 1000)
      if (warned) log.warn({ offsetSeconds }, "Clock of this machine differs from auth-api's and is corrected: set it by a time server")
      else log.info({ offsetSeconds }, 'Clock of this machine recovered')
    },
  }
}
