import { describe, expect, test } from 'vitest'
import { createLogger } from './logger.ts'

const refreshToken = `art_${'Ab3-_'.repeat(28)}`
const jwt = ['eyJhbGciOiJFUzI1NiJ9', 'eyJzdWIiOiIxMjM0NTY3ODkwIn0', 'c2lnbmF0dXJl'].join('.')

function logged(write: (logger: ReturnType<typeof createLogger>) => void): string {
  const lines: string[] = []
  write(
    createLogger({
      service: 'test',
      level: 'trace',
      destination: { write: (line) => void lines.push(line) },
    }),
  )
  for (const line of lines) JSON.parse(line)
  return lines.join('')
}

describe('no secret reaches the log', () => {
  test.each<[string, (logger: ReturnType<typeof createLogger>) => void]>([
    [
      'in a field',
      (logger) =>
        logger.info(
          {
            refresh_token: 'S3CRET',
            accessToken: 'S3CRET',
            password: 'S3CRET',
            passwordHash: 'S3CRET',
          },
          'x',
        ),
    ],
    [
      'in headers at any depth',
      (logger) =>
        logger.info({
          a: {
            b: {
              req: {
                headers: {
                  Authorization: 'Bearer S3CRET',
                  cookie: 'a=S3CRET',
                  'set-cookie': ['a=S3CRET', 'b="S3CRET"'],
                  'x-refresh-token': 'S3CRET',
                  'idempotency-key': 'S3CRET',
                },
              },
            },
          },
        }),
    ],
    ['with quotes in it', (logger) => logger.info({ password: 'a"S3CRET\\"b' })],
    ['in a number', (logger) => logger.info({ password: 53_2373 })],
    [
      'in bindings of a child',
      (logger) => logger.child({ apiKey: 'S3CRET', keys: ['S3CRET', 'S3CRET'] }).info('x'),
    ],
    ['in bytes', (logger) => logger.info({ list: [{ kid: 1, material: Buffer.from('S3CRET') }] })],
    ['as a refresh token in a message', (logger) => logger.info(`took ${refreshToken}.`)],
    ['as a JWT in a message', (logger) => logger.warn(`took ${jwt}, and ${jwt.slice(0, 60)}`)],
    [
      'in the message and the stack of an error, of its cause, and in its fields',
      (logger) =>
        logger.error({
          err: Object.assign(new Error(`bad ${refreshToken}`, { cause: new Error(jwt) }), {
            config: { headers: { authorization: 'S3CRET' }, data: '{"password":"S3CRET"}' },
          }),
        }),
    ],
    [
      'in a body quoted by an error',
      (logger) =>
        logger.error({
          error: new Error(
            'cannot read {"username":"a", "password": "S3CRET"} or password=S3CRET&x=1',
          ),
        }),
    ],
    ['in a URL', (logger) => logger.info('postgres://user:S3CRET@localhost:5432/db')],
    [
      'in an authorization header as text',
      (logger) => logger.info('authorization was Basic S3CRETS3CRET'),
    ],
  ])('%s', (_, write) => {
    const output = logged(write)
    expect(output).toContain('masked')
    expect(output).not.toMatch(/S3CRET|532373|Ab3-_Ab3|zdWIiOiIx|83,51,67/)
  })
})

test('text that is no secret stays readable', () => {
  const output = logged((logger) =>
    logger.info(
      {
        route: '/api/v1/auth/token',
        outcome: 'refresh_token_reused',
        sessionId: '0198-ab',
        part_of: 'smart_phone',
      },
      'refresh refused',
    ),
  )
  expect(JSON.parse(output)).toMatchObject({
    level: 'info',
    service: 'test',
    route: '/api/v1/auth/token',
    outcome: 'refresh_token_reused',
    sessionId: '0198-ab',
    msg: 'refresh refused',
  })
  expect(output).not.toContain('masked')
})

test('a line break in a value does not start a new log line', () => {
  expect(
    logged((logger) => logger.info({ agent: 'x\n{"level":"fatal"}' }, 'a\nb'))
      .trim()
      .split('\n'),
  ).toHaveLength(1)
})

test('a long hostile text is masked quickly', () => {
  const before = process.threadCpuUsage()
  for (const piece of ['a-', 'key', '"password":"', '://a:', 'eyJ', 'art_', '\\"', 'bearer '])
    logged((logger) => logger.info({ agent: piece.repeat(20_000) }))
  const { user, system } = process.threadCpuUsage(before)
  // CPU time of this thread, in microseconds: other processes do not count.
  expect(user + system).toBeLessThan(2_000_000)
})

test('a line has the ids of the current trace, and none if nothing is recorded', () => {
  const lines: string[] = []
  let traceparent: string | undefined = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  const logger = createLogger({
    service: 'test',
    level: 'info',
    tracing: { current: () => traceparent },
    destination: { write: (line) => void lines.push(line) },
  })
  logger.info('traced')
  traceparent = undefined
  logger.info('not traced')
  const [traced, plain] = lines.map((line): unknown => JSON.parse(line))
  expect(traced).toMatchObject({
    msg: 'traced',
    trace_id: '0af7651916cd43dd8448eb211c80319c',
    span_id: 'b7ad6b7169203331',
  })
  expect(plain).not.toHaveProperty('trace_id')
})
