import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startKafka } from './start-kafka.ts'
import { startOwnKafka, type OwnKafka } from './without-docker/start-own-kafka.ts'

let kafka: OwnKafka
beforeAll(async () => {
  kafka = await startOwnKafka()
})
afterAll(() => kafka.stop())

function isListening(): Promise<boolean> {
  const [host, port] = (kafka.brokers[0] ?? '').split(':')
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port) }, () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

test('the brokers of TEST_KAFKA_BROKERS are used unchanged', async () => {
  expect(await startKafka({ TEST_KAFKA_BROKERS: 'a:1,b:2' })).toMatchObject({
    brokers: ['a:1', 'b:2'],
    engine: 'environment',
  })
})

test.each(['stopServer', 'killServer'] as const)(
  'it restarts at the same address after %s',
  async (end) => {
    expect(await isListening()).toBe(true)
    await kafka[end]()
    expect(await isListening()).toBe(false)
    await kafka.startServer()
    expect(await isListening()).toBe(true)
  },
)

test('if none can start, the error has the reason', async () => {
  const empty = await mkdtemp(join(tmpdir(), 'no-kafka-'))
  await expect(startOwnKafka({ PATH: empty, XDG_CACHE_HOME: empty })).rejects.toThrow(
    /^There is no Kafka for tests: .* \(Maven \(mvn\) is not on the PATH\)$/,
  )
  await rm(empty, { recursive: true })
})
