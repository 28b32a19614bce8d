import { expect, test } from 'vitest'
import { createSharedClock } from './shared-clock.ts'

const START = 1_800_000_000_000
const DAYS_8 = 8 * 86_400_000

/** A server and a process whose clocks are off by the given milliseconds. Both can jump. */
function setUp({ own = 0, server = 0 } = {}) {
  const state = { elapsed: 1000, own, server }
  const clock = createSharedClock({
    wallMs: () => START + state.elapsed + state.own,
    elapsedMs: () => state.elapsed,
  })
  const read = (tripMs = 10) => {
    const sentAtMs = state.elapsed
    state.elapsed += tripMs
    clock.observe({
      serverMs: START + sentAtMs + tripMs / 2 + state.server,
      sentAtMs,
      heardAtMs: state.elapsed,
    })
  }
  /** Half a second passes between two readings. */
  const run = (readings: number) => {
    for (let n = 0; n < readings; n += 1) {
      state.elapsed += 490
      read()
    }
  }
  return { state, clock, read, run, error: () => clock.nowMs() - (START + state.elapsed) }
}

test.each([-2_400_000, -15_000, 12_000, 2_400_000])(
  "a process whose clock is off by %i ms has the server's time from the first answer on",
  (own) => {
    const { clock, read, error } = setUp({ own })
    expect(error()).toBe(own)
    read()
    expect(error()).toBe(0)
    expect(clock.offsetMs()).toBeCloseTo(-own, -2)
    expect(clock.isOff()).toBe(true)
  },
)

test('a slow reading moves the clock only by what the delay does not explain, and a very slow one not at all', () => {
  const { clock, state, read, error } = setUp()
  read()
  const sentAtMs = state.elapsed
  state.elapsed += 1000
  clock.observe({ serverMs: START + sentAtMs, sentAtMs, heardAtMs: state.elapsed })
  clock.observe({ serverMs: START + DAYS_8, sentAtMs: sentAtMs - 5000, heardAtMs: state.elapsed })
  clock.observe({ serverMs: Number.NaN, sentAtMs, heardAtMs: state.elapsed })
  expect([error(), clock.offsetMs(), clock.isOff(), clock.isDoubtful()]).toEqual([
    0,
    0,
    false,
    false,
  ])
})

test('a server clock that jumps eight days for nine seconds or an hour is not followed, and the process stays ready', () => {
  const { clock, state, run, error } = setUp()
  run(4)
  state.server = DAYS_8
  run(7200)
  expect([error(), clock.isOff(), clock.isDoubtful()]).toEqual([0, false, true])
  state.server = 0
  run(1)
  expect([error(), clock.isDoubtful()]).toEqual([0, false])
})

test('a jump of the local clock moves nothing and is logged', () => {
  const { clock, state, run, error } = setUp()
  run(4)
  state.own = 60_000
  run(1)
  expect([error(), clock.isOff()]).toEqual([0, true])
})

test('a suspended machine follows the server at once, and its time counts as doubtful for a day', () => {
  const { clock, state, run, error } = setUp()
  run(4)
  state.own = state.server = DAYS_8
  run(1)
  expect([error(), clock.isOff(), clock.isDoubtful()]).toEqual([DAYS_8, false, true])
  state.elapsed += 86_400_000
  run(1)
  expect(clock.isDoubtful()).toBe(false)
})

test("a process that started with a wrong server clock is corrected when the server's is right again", () => {
  const { state, run, error } = setUp({ server: DAYS_8 })
  run(4)
  state.server = 0
  run(1)
  expect(error()).toBe(0)
})

test("if all three clocks differ, the server's is followed after a minute", () => {
  const { state, run, error } = setUp({ own: -2_400_000 })
  run(4)
  state.server = 30_000
  run(100)
  expect(error()).toBe(0)
  run(22)
  expect(error()).toBe(30_000)
})
