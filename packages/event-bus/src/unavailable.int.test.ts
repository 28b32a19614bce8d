import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { openKafka } from './open-kafka.ts'

test('a Kafka that refuses connections at start causes a warning with broker and cause, without secrets', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const broker = `127.0.0.1:${(server.address() as AddressInfo).port}`
  server.close()
  await once(server, 'close')

  const said: [string, object][] = []
  const log = { warn: (fields: object, message: string) => void said.push([message, fields]) }
  const sasl = { mechanism: 'plain', username: 'u', password: 'hunter2' } as const
  const admin = openKafka({ brokers: [broker], clientId: 'test', sasl }, log, {
    retries: 0,
  }).admin()
  await expect(admin.connect()).rejects.toThrow('ECONNREFUSED')
  await admin.disconnect()

  expect(said).toContainEqual([
    `Connection error: connect ECONNREFUSED ${broker}`,
    expect.objectContaining({ library: 'kafkajs', broker }),
  ])
  expect(JSON.stringify(said)).not.toContain('hunter2')
})
