import { EventEmitter } from 'node:events'
import { expect, test, vi } from 'vitest'
import { ConfigError } from '@auto-refresh/contracts'
import { runMain } from './run-main.ts'

function createRun(start: (signal: AbortSignal) => Promise<() => Promise<void>>) {
  const exits: number[] = []
  const fatal: object[] = []
  const clock = { nowMs: 0 }
  const process = Object.assign(new EventEmitter(), {
    exit: (code: number) => void exits.push(code),
  })
  const logger = { info: () => undefined, fatal: (fields: object) => void fatal.push(fields) }
  const running = runMain({ process, logger, nowMs: () => clock.nowMs, start })
  return { exits, fatal, clock, process, running }
}

test('invalid settings exit with 78 and list the faults', async () => {
  const run = createRun(() => Promise.reject(new ConfigError(['PORT is missing'])))
  await run.running
  expect(run).toMatchObject({ exits: [78], fatal: [{ faults: ['PORT is missing'] }] })
})

test('any other error at start and an unhandled rejection exit with 1', async () => {
  const failing = createRun(() => Promise.reject(new Error('no database')))
  await failing.running
  const running = createRun(() => Promise.resolve(() => Promise.resolve()))
  await running.running
  running.process.emit('unhandledRejection', new Error('lost'))
  expect([failing.exits, running.exits]).toEqual([[1], [1]])
})

test.each(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'])(
  '%s stops the service and exits with 0, also during the start',
  async (signal) => {
    const stop = vi.fn<() => Promise<void>>(() => Promise.resolve())
    const run = createRun(() => Promise.resolve(stop))
    run.process.emit(signal)
    await run.running
    expect(run.exits).toEqual([0])
    expect(stop).toHaveBeenCalledOnce()
  },
)

test('a signal cancels a waiting start; an error while cleaning up still exits with 1', async () => {
  const waiting = (end: (signal: AbortSignal) => unknown) => (signal: AbortSignal) =>
    new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(end(signal)))
    })
  const [clean, dirty] = [
    createRun(waiting((signal) => signal.reason)),
    createRun(waiting(() => new Error('stuck'))),
  ]
  for (const run of [clean, dirty]) {
    run.process.emit('SIGTERM')
    await run.running
  }
  expect([clean.exits, clean.fatal, dirty.exits]).toEqual([[0], [], [1]])
})

test('one Ctrl-C delivered twice counts once; a later one exits at once', async () => {
  const run = createRun(() => Promise.resolve(() => new Promise<void>(() => undefined)))
  await run.running
  run.process.emit('SIGINT')
  run.clock.nowMs = 900
  run.process.emit('SIGINT')
  expect(run.exits).toEqual([])
  run.clock.nowMs = 1100
  run.process.emit('SIGINT')
  expect(run.exits).toEqual([1])
})
