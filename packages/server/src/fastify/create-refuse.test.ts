import { CodedError } from '@auto-refresh/contracts'
import Fastify from 'fastify'
import { expect, test } from 'vitest'
import { createRefuse } from './create-refuse.ts'

test('an outage is logged at most ten times a second, and the next line reports how many were dropped', async () => {
  const lines: { omitted: number; err: { message: string } }[] = []
  const app = Fastify({
    logger: { level: 'warn', stream: { write: (line) => void lines.push(JSON.parse(line)) } },
  })
  let nowMs = 5000
  const refuse = createRefuse({ nowMs: () => nowMs })
  app.get('/', async (request, reply) =>
    refuse(
      new CodedError('unavailable', { cause: new Error('auth-api is unavailable') }),
      request,
      reply,
    ),
  )
  for (let i = 0; i < 100; i += 1) expect((await app.inject('/')).statusCode).toBe(503)
  expect(lines.map(({ omitted, err }) => [omitted, err.message])).toEqual(
    Array.from({ length: 10 }, () => [0, 'auth-api is unavailable']),
  )
  nowMs += 1000
  await app.inject('/')
  expect(lines.at(-1)).toMatchObject({ omitted: 90 })
  await app.close()
})
