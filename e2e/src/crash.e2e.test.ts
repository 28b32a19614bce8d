import { afterAll, beforeAll, expect, test } from 'vitest'
import { findFreePort } from '@auto-refresh/test-engines'
import { login, me, retryUntilAnswered, refresh, toPair, type Pair } from './harness/api.ts'
import { startStandalone, temporaryFolder, type Standalone } from './harness/start-standalone.ts'

/** Runs `npm start` with a durable embedded Postgres, and kills it with -9 again and again. */
const ROUNDS = Number(process.env['TEST_ROUNDS'] ?? 20)
const CLIENTS = 32
let folder: Awaited<ReturnType<typeof temporaryFolder>>
let system: Standalone
const start = async (ports: { port: number; adminPort: number }) =>
  (await startStandalone({ dataDir: folder.path, ports, env: { REFRESH_LIMIT: 'off' } })).ready()

beforeAll(async () => {
  folder = await temporaryFolder()
  system = await start({ port: await findFreePort(), adminPort: await findFreePort() })
})
afterAll(async () => {
  await system.stop()
  await folder.remove()
})

test(`${ROUNDS} rounds of kill -9 while ${CLIENTS} clients refresh: no session is lost or forked, and no alarm is raised`, async () => {
  const clients: Pair[] = []
  for (let i = 0; i < CLIENTS; i += 1) clients.push(await login(system.url))

  for (let round = 0; round < ROUNDS; round += 1) {
    // Spread over the refreshes of the round: before the commit, between commit and response, after
    // the response.
    const killing = new Promise<void>((resolve) => setTimeout(() => resolve(), 1 + round * 2)).then(
      () => system.kill('SIGKILL'),
    )
    const first = await Promise.allSettled(
      clients.map((client) => refresh(system.url, client.refresh)),
    )
    await killing
    await system.exited
    system = await start(system.ports)

    await Promise.all(
      clients.map(async (client, i) => {
        const answer = await retryUntilAnswered(() => refresh(system.url, client.refresh))
        const next = toPair(answer)
        const before = first[i]
        if (before?.status === 'fulfilled' && before.value.status === 200)
          expect(next.refresh).toBe(toPair(before.value).refresh)
        clients[i] = next
      }),
    )
  }

  for (const client of clients)
    expect((await retryUntilAnswered(() => me(system.url, client.access))).status).toBe(200)
  expect(await system.alarms()).toBe(0)
  expect(system.output()).not.toContain('reuse detected')
}, 600_000)
