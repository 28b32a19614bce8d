import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import {
  eventually,
  hasPreviousRelease,
  readPreviousRelease,
  unpackRelease,
  waitSeconds,
  type UnpackedRelease,
} from '@auto-refresh/test-engines'
import { ageSession, sessionIdOf } from './harness/age-session.ts'
import {
  call,
  login,
  me,
  retryUntilAnswered,
  refresh,
  toPair,
  type Answer,
  type Pair,
} from './harness/api.ts'
import { runOperation } from './harness/run-operation.ts'
import { startBalancer } from './harness/start-balancer.ts'
import type { ServiceProcess } from './harness/start-services.ts'
import { startSystemApart, type SystemApart } from './harness/start-system-apart.ts'
import { startWebhookReceiver, type WebhookReceiver } from './harness/start-webhook-receiver.ts'

const PASSWORD = 'correct horse battery'
const ADMIN_KEY = crypto.randomUUID()
const WITHOUT_KAFKA_SECONDS = Number(process.env['TEST_OUTAGE_SECONDS'] ?? 15)
let system: SystemApart
let sql: Client
let receiver: WebhookReceiver
let old: UnpackedRelease | undefined

beforeAll(async () => {
  receiver = await startWebhookReceiver()
  // The first test upgrades them; without that code it restarts them.
  old = hasPreviousRelease(process.env)
    ? await unpackRelease(readPreviousRelease().commit)
    : undefined
  const settings = {
    REFRESH_LIMIT: 'off',
    SESSION_LIMIT: '10000',
    API_KEYS: `soc=admin:read:${ADMIN_KEY}`,
    CONSOLE_URL: 'https://admin.example',
    ...receiver.settings,
  }
  system = await startSystemApart(settings, old?.path)
  sql = await connect()
})
afterAll(async () => {
  await sql.end().catch(() => {})
  await system.stop()
  await receiver.stop()
  await old?.remove()
})

async function connect(): Promise<Client> {
  const client = new Client({ connectionString: system.postgres.url })
  client.on('error', () => {})
  await client.connect()
  return client
}
/** For events through Kafka: a consumer may wait for its partitions. */
const DELIVERED = 60_000
const signIn = (i: number) => login(system.urlOf(i), 'ayu', PASSWORD)
const alarms = async () =>
  (await sql.query(`select 1 from token_store.sessions where revoke_reason = 'reuse'`)).rowCount

/** Clients that refresh without pause until stopped; each keeps the pair of its last response. */
function keepRefreshing(clients: Pair[], send: (client: Pair) => Promise<Answer>) {
  const stopping = new AbortController()
  const failures: string[] = []
  let refreshes = 0
  const loops = clients.map(async (client, i) => {
    while (!stopping.signal.aborted) {
      const answer = await send(client).catch((error: unknown) => String(error))
      if (typeof answer === 'string' || answer.status !== 200)
        failures.push(typeof answer === 'string' ? answer : answer.text)
      else {
        clients[i] = client = toPair(answer)
        refreshes += 1
      }
    }
  })
  return {
    async stop() {
      stopping.abort()
      await Promise.all(loops)
      return { failures, refreshes }
    },
  }
}

async function restart(list: ServiceProcess[], i: number, signal: NodeJS.Signals) {
  const service = list[i]
  if (service === undefined) throw new Error('no such service')
  service.kill(signal)
  await service.exited
  list[i] = await service.again()
}

/**
 * Checks that the topic has exactly the committed transitions: each once (after removing repeats),
 * in order, none missing.
 */
async function expectTopicToHoldAllOf(clients: readonly Pair[]) {
  await eventually(
    async () => (await sql.query('select 1 from token_store.outbox limit 1')).rowCount === 0,
    DELIVERED,
  )
  const events = await system.sessionEvents()
  for (const client of clients) {
    const id = sessionIdOf(client.refresh)
    const { rows } = await sql.query<{ seq: string }>(
      'select seq from token_store.sessions where id = $1',
      [id],
    )
    const seen = new Set<number>()
    const first = events.flatMap((event) => {
      if (!('session_seq' in event.data) || event.key !== id || seen.has(event.data.session_seq))
        return []
      seen.add(event.data.session_seq)
      return [event.data.session_seq]
    })
    expect(first).toEqual(Array.from({ length: Number(rows[0]?.seq) + 1 }, (_, seq) => seq))
  }
}

afterEach(({ task }) => {
  if (task.result?.state === 'fail')
    for (const service of system.all())
      console.log(
        `${service.name} ${service.url}, last lines:\n${service.output().split('\n').slice(-6).join('\n')}`,
      )
})

test('a rolling upgrade under load fails no request, loses no event and raises no alarm', async () => {
  const clients = await Promise.all(Array.from({ length: 16 }, (_, i) => signIn(i)))
  const before = await alarms()
  const balancer = startBalancer(() => system.apis)
  await balancer.poll()
  const load = keepRefreshing(clients, (client) =>
    balancer.send((url) => refresh(url, client.refresh)),
  )
  await system.upgrade()
  for (const list of [system.workers, system.monitors, system.stores, system.apis])
    for (const i of list.keys()) await restart(list, i, 'SIGTERM')
  const { failures, refreshes } = await load.stop()
  balancer.stop()
  expect(failures).toEqual([])
  expect(refreshes).toBeGreaterThan(100)
  expect(await alarms()).toBe(before)
  await expectTopicToHoldAllOf(clients)
})

test('a sign-in on one replica can be refreshed on the other, and 50 concurrent refreshes over both receive the same successor', async () => {
  const pair = await signIn(0)
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, i) =>
      retryUntilAnswered(() => refresh(system.urlOf(i), pair.refresh)),
    ),
  )
  expect(new Set(answers.map((answer) => toPair(answer).refresh)).size).toBe(1)
  expect((await me(system.urlOf(1), pair.access)).status).toBe(200)
  await expectTopicToHoldAllOf([pair])
})

test('a session ended by a logout or a reuse on one replica is refused on the other within 2 s, and the user gets a notice', async () => {
  const tookMs: number[] = []
  for (let i = 0; i < 20; i += 1) {
    const pair = await signIn(i)
    await call(system.urlOf(i), 'POST', '/api/v1/auth/logout', {
      headers: { authorization: `Bearer ${pair.access}` },
    })
    const answeredAt = performance.now()
    await eventually(
      async () => (await me(system.urlOf(i + 1), pair.access)).code === 'access_token_revoked',
    )
    tookMs.push(performance.now() - answeredAt)
  }
  tookMs.sort((a, b) => a - b)
  console.log(
    `logout on one replica refused on the other: p50 ${tookMs[10]?.toFixed(0)} ms, ` +
      `slowest of 20 ${tookMs.at(-1)?.toFixed(0)} ms`,
  )
  // The machine may stall during some of them.
  expect(tookMs[10]).toBeLessThan(2000)

  const stolen = await signIn(0)
  const other = await signIn(1)
  const current = toPair(await refresh(system.urlOf(0), stolen.refresh))
  await ageSession(system.postgres.url, stolen.refresh)
  expect((await refresh(system.urlOf(0), stolen.refresh)).code).toBe('refresh_token_reused')
  for (const url of [system.urlOf(0), system.urlOf(1)])
    await eventually(async () => (await me(url, current.access)).code === 'access_token_revoked')
  const notices = () =>
    call(system.urlOf(1), 'GET', '/api/v1/auth/notices', {
      headers: { authorization: `Bearer ${other.access}` },
    })
  await eventually(
    async () => (await notices()).text.includes(sessionIdOf(stolen.refresh)),
    DELIVERED,
  )
})

test('a theft and the sign-in after it reach the webhook, the topic and the audit trail', async () => {
  const owner = await signIn(0)
  const id = sessionIdOf(owner.refresh)
  toPair(await refresh(system.urlOf(0), owner.refresh))
  await ageSession(system.postgres.url, owner.refresh)
  expect((await refresh(system.urlOf(1), owner.refresh, { 'user-agent': 'thief' })).code).toBe(
    'refresh_token_reused',
  )
  const detectionOf = (pattern: string, session: string) =>
    receiver.received.find(
      ({ data }) => data['pattern'] === pattern && data['session_id'] === session,
    )
  await eventually(() => detectionOf('reuse', id) !== undefined, DELIVERED)
  expect(detectionOf('reuse', id)?.data).toMatchObject({
    agent: 'thief',
    count: 1,
    threshold: 1,
    rotated: { generation: 1 },
    presented: { agent: 'thief', generation: 0 },
  })
  expect(detectionOf('reuse', id)?.link).toBe(`https://admin.example/sessions/${id}`)

  const thief = await signIn(1)
  await eventually(
    () => receiver.received.some(({ data }) => data['pattern'] === 'sign_in_after_reuse'),
    DELIVERED,
  )
  expect(thief.access).not.toBe('')
  const detection = detectionOf('reuse', id)
  await eventually(
    async () =>
      (
        await sql.query(
          'select 1 from cleanup.audit_events where event_id = $1 and session_id = $2',
          [detection?.id, id],
        )
      ).rowCount === 1,
    DELIVERED,
  )
  expect(
    (await runOperation('events:tail', { args: ['--all'], env: system.env })).output,
  ).toContain(`security.pattern-detected.v1 ${id} event=${detection?.id}`)
  const counted = await system.monitors[0]?.metric(
    /^auth_suspicious_patterns_total\{pattern="reuse"\} (\d+)$/m,
  )
  expect(counted).toBeGreaterThan(0)
})

test('the timeline of a session comes from any cleanup-worker, and is a 503 while none runs', async () => {
  const pair = await signIn(0)
  const read = () =>
    call(system.urlOf(0), 'GET', `/api/v1/admin/sessions/${sessionIdOf(pair.refresh)}/timeline`, {
      headers: { authorization: `Bearer ${ADMIN_KEY}` },
    })
  await eventually(async () => (await read()).text.includes('"type":"issued"'), DELIVERED)
  const stop = async (i: number) => {
    system.workers[i]?.kill('SIGKILL')
    await system.workers[i]?.exited
  }
  await stop(0)
  for (let i = 0; i < 4; i += 1) expect((await read()).status).toBe(200)
  await stop(1)
  expect(await read()).toMatchObject({ status: 503, code: 'unavailable' })
  for (const i of [0, 1]) {
    const again = await system.workers[i]?.again()
    if (again !== undefined) system.workers[i] = again
  }
  expect((await read()).text).toContain('"type":"issued"')
})

test('an event can be followed through the log of auth-api, the topic and the audit trail', async () => {
  const pair = await signIn(0)
  const id = sessionIdOf(pair.refresh)
  toPair(await refresh(system.urlOf(0), pair.refresh))
  await eventually(() =>
    system.apis.some((api) => api.output().includes(`"outcome":"rotated","sessionId":"${id}"`)),
  )
  const find = async () =>
    (await system.sessionEvents()).find(
      (event) => event.key === id && event.type === 'session.rotated.v1',
    )
  await eventually(async () => (await find()) !== undefined, DELIVERED)
  const event = await find()
  await eventually(async () => {
    const { rows } = await sql.query(
      'select type, session_seq, data from cleanup.audit_events where event_id = $1',
      [event?.id],
    )
    return rows.length === 1 && rows[0].type === event?.type && rows[0].data.generation === 1
  }, DELIVERED)
})

test('npm run recover ends the sessions again that a restore has revived, and npm run events:tail prints the stream', async () => {
  const pair = await signIn(0)
  const id = sessionIdOf(pair.refresh)
  await call(system.urlOf(0), 'POST', '/api/v1/auth/logout', {
    body: { refresh_token: pair.refresh },
  })
  const tail = () => runOperation('events:tail', { args: ['--all'], env: system.env })
  await eventually(
    async () => (await tail()).output.includes(`session.revoked.v1 ${id}`),
    DELIVERED,
  )

  await sql.query(
    'update token_store.sessions set revoked_at = null, revoke_reason = null, seq = 0 where id = $1',
    [id],
  )
  const recovered = await runOperation('recover', { env: system.env })
  expect(recovered).toMatchObject({
    code: 0,
    output: expect.stringMatching(/^1 sessions ended again, \d+ had ended, \d+ are not here$/m),
  })
  expect((await refresh(system.urlOf(1), pair.refresh)).code).toBe('refresh_token_revoked')
})

test('kill -9 of each process under load loses no session and no event and raises no alarm', async () => {
  const clients = await Promise.all(Array.from({ length: 16 }, (_, i) => signIn(i)))
  const before = await alarms()
  let turn = 0
  const load = keepRefreshing(clients, (client) =>
    retryUntilAnswered(() => refresh(system.urlOf(turn++), client.refresh)),
  )
  for (const list of [system.stores, system.apis, system.workers, system.monitors]) {
    for (const i of list.keys()) {
      await restart(list, i, 'SIGKILL')
      await waitSeconds(0.5)
    }
  }
  const { failures, refreshes } = await load.stop()
  expect(failures).toEqual([])
  expect(refreshes).toBeGreaterThan(100)
  expect(await alarms()).toBe(before)
  await expectTopicToHoldAllOf(clients)
})

test('a token-store that stalls for longer than its lease reorders no event and revokes no session', async () => {
  const clients = await Promise.all(Array.from({ length: 8 }, (_, i) => signIn(i)))
  const before = await alarms()
  const load = keepRefreshing(clients, (client) =>
    retryUntilAnswered(() => refresh(system.urlOf(0), client.refresh)),
  )
  system.stores[0]?.kill('SIGSTOP')
  await waitSeconds(12)
  system.stores[0]?.kill('SIGCONT')
  await waitSeconds(2)
  const { failures, refreshes } = await load.stop()
  expect(failures).toEqual([])
  expect(refreshes).toBeGreaterThan(50)
  expect(await alarms()).toBe(before)
  await expectTopicToHoldAllOf(clients)
})

test('with Kafka stopped no caller notices, and all events are published when it is back', async () => {
  const clients = await Promise.all(Array.from({ length: 8 }, (_, i) => signIn(i)))
  await system.kafka.stopServer()
  const load = keepRefreshing(clients, (client) => refresh(system.urlOf(0), client.refresh))
  await waitSeconds(WITHOUT_KAFKA_SECONDS)
  const { failures, refreshes } = await load.stop()
  // A stalled machine may refuse each client once or twice; a Kafka outage would refuse all of
  // them.
  expect(failures.filter((failure) => !failure.includes('"code":"unavailable"'))).toEqual([])
  expect(failures.length).toBeLessThan(refreshes / 20)
  expect(refreshes).toBeGreaterThan(50)
  for (const service of system.all())
    await eventually(async () => (await fetch(`${service.adminUrl}/readyz`)).status === 200)
  await system.kafka.startServer()
  await expectTopicToHoldAllOf(clients)
})

test('with Redis stopped no user is signed out, and sign-ins continue', async () => {
  const pair = await signIn(0)
  await system.redis.stopServer()
  expect((await retryUntilAnswered(() => refresh(system.urlOf(0), pair.refresh))).status).toBe(200)
  expect((await me(system.urlOf(1), pair.access)).status).toBe(200)
  expect((await signIn(1)).access).toBeTruthy()
  await system.redis.startServer()
  expect((await signIn(0)).access).toBeTruthy()
})

test('with token-store stopped refreshes get a 503 with Retry-After, access tokens stay valid, and the system recovers', async () => {
  const pair = await signIn(0)
  const stores = system.stores.splice(0)
  for (const store of stores) await store.stop()
  const tookMs: number[] = []
  for (let i = 0; i < 3; i += 1) {
    const startedAt = performance.now()
    const answer = await refresh(system.urlOf(0), pair.refresh)
    tookMs.push(performance.now() - startedAt)
    expect([answer.status, answer.code]).toEqual([503, 'unavailable'])
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
  }
  expect(Math.min(...tookMs)).toBeLessThan(1000)
  expect((await me(system.urlOf(0), pair.access)).status).toBe(200)
  for (const store of stores) system.stores.push(await store.again())
  expect((await retryUntilAnswered(() => refresh(system.urlOf(0), pair.refresh))).status).toBe(200)
})

test('a restart of Postgres in the middle of rotations loses no session', async () => {
  const clients = await Promise.all(Array.from({ length: 16 }, (_, i) => signIn(i)))
  const load = keepRefreshing(clients, (client) =>
    retryUntilAnswered(() => refresh(system.urlOf(1), client.refresh)),
  )
  await waitSeconds(0.5)
  await system.postgres.killServer()
  await waitSeconds(2)
  await system.postgres.startServer()
  await waitSeconds(2)
  const { failures } = await load.stop()
  expect(failures).toEqual([])
  sql = await connect()
  await expectTopicToHoldAllOf(clients)
})
