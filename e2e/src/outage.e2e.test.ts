import { type OwnPostgres, startOwnPostgres, waitSeconds } from '@auto-refresh/test-engines'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { letHourOfOutagePass } from './harness/age-session.ts'
import { call, login, me, retryUntilAnswered, refresh, toPair } from './harness/api.ts'
import { startStandalone, temporaryFolder, type Standalone } from './harness/start-standalone.ts'

let postgres: OwnPostgres
let folder: Awaited<ReturnType<typeof temporaryFolder>>
let system: Standalone

beforeAll(async () => {
  postgres = await startOwnPostgres()
  folder = await temporaryFolder()
  system = await start()
})
afterAll(async () => {
  await system.stop()
  await folder.remove()
  await postgres.stop()
})
const start = async (ports?: Standalone['ports']) =>
  (
    await startStandalone({
      dataDir: folder.path,
      databaseUrl: postgres.url,
      ...(ports === undefined ? {} : { ports }),
    })
  ).ready()

test('without its database every call gets a retryable 503 in under 300 ms, access tokens stay valid, and the service recovers', async () => {
  const pair = await login(system.url)
  await postgres.stopServer()
  await refresh(system.url, pair.refresh)
  for (const request of [
    () => refresh(system.url, pair.refresh),
    () =>
      call(system.url, 'POST', '/api/v1/auth/auto-refresh', {
        body: { refresh_token: pair.refresh },
      }),
    () =>
      call(system.url, 'POST', '/api/v1/auth/token', {
        body: { username: 'admin', password: 'password' },
      }),
    () =>
      call(system.url, 'POST', '/api/v1/auth/logout', {
        headers: { authorization: `Bearer ${pair.access}` },
      }),
    () =>
      call(system.url, 'POST', '/api/v1/auth/logout-all', {
        headers: { authorization: `Bearer ${pair.access}` },
      }),
  ]) {
    const tookMs = []
    for (let i = 0; i < 5; i += 1) {
      const startedAt = performance.now()
      const answer = await request()
      tookMs.push(performance.now() - startedAt)
      expect([answer.status, answer.code, answer.text.includes('"retryable":true')]).toEqual([
        503,
        'unavailable',
        true,
      ])
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    }
    // The machine may stall during one or the other.
    expect(Math.min(...tookMs)).toBeLessThan(300)
  }
  expect((await me(system.url, pair.access)).status).toBe(200)
  expect((await me(system.url, pair.access, { 'x-refresh-token': pair.refresh })).status).toBe(200)
  expect((await fetch(`${system.adminUrl}/readyz`)).status).toBe(200)

  await postgres.startServer()
  expect((await retryUntilAnswered(() => refresh(system.url, pair.refresh))).status).toBe(200)
  await retryUntilAnswered(() =>
    call(system.url, 'POST', '/api/v1/auth/token', {
      body: { username: 'admin', password: 'password' },
    }),
  )
  expect(await system.alarms()).toBe(0)
})

test('a database outage longer than the window in the middle of refreshes ends no session', async () => {
  const clients = await Promise.all(Array.from({ length: 16 }, () => login(system.url)))
  const lost = await Promise.all(
    clients
      .slice(0, 4)
      .map((client) => retryUntilAnswered(() => refresh(system.url, client.refresh))),
  )
  const refreshing = Promise.allSettled(
    clients.map((client) => refresh(system.url, client.refresh)),
  )
  await postgres.killServer()
  const first = await refreshing
  await waitSeconds(1)
  // Stopped, so that it writes no heartbeat before the hour has passed.
  system.kill('SIGSTOP')
  await postgres.startServer()
  await letHourOfOutagePass(postgres.url)
  system.kill('SIGCONT')
  await Promise.all(
    clients.map(async (client, i) => {
      const next = toPair(await retryUntilAnswered(() => refresh(system.url, client.refresh)))
      const answer = lost[i]
      if (answer !== undefined) expect(next.refresh).toBe(toPair(answer).refresh)
      const before = first[i]
      if (before?.status === 'fulfilled' && before.value.status === 200)
        expect(next.refresh).toBe(toPair(before.value).refresh)
      expect((await retryUntilAnswered(() => refresh(system.url, next.refresh))).status).toBe(200)
    }),
  )
  expect(await system.alarms()).toBe(0)
})

test('an outage of standalone longer than the window, stopped or killed, ends no session', async () => {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    const pair = await login(system.url)
    const lost = toPair(await refresh(system.url, pair.refresh))
    system.kill(signal)
    await system.exited
    await letHourOfOutagePass(postgres.url)
    system = await start(system.ports)
    expect(toPair(await retryUntilAnswered(() => refresh(system.url, pair.refresh))).refresh).toBe(
      lost.refresh,
    )
    expect(await system.alarms()).toBe(0)
  }
})

test('a process stopped for longer than the window (SIGSTOP) ends no session', async () => {
  const pair = await login(system.url)
  const lost = toPair(await refresh(system.url, pair.refresh))
  system.kill('SIGSTOP')
  await letHourOfOutagePass(postgres.url)
  system.kill('SIGCONT')
  expect(toPair(await retryUntilAnswered(() => refresh(system.url, pair.refresh))).refresh).toBe(
    lost.refresh,
  )
  expect(await system.alarms()).toBe(0)
})
