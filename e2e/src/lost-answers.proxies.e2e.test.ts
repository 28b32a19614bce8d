import { afterAll, beforeAll, expect, test } from 'vitest'
import { runLossyClients } from './harness/run-lossy-clients.ts'
import { startEcho } from './harness/start-echo.ts'
import { PROXIES, startProxy } from './harness/start-proxy.ts'
import { startRestartable, type Restartable } from './harness/start-restartable.ts'

let system: Restartable
let application: Awaited<ReturnType<typeof startEcho>>
beforeAll(async () => {
  application = await startEcho()
  system = await startRestartable({
    TRUSTED_PROXIES: '127.0.0.1',
    DEMO_USER_PASSWORD: 'correct horse battery',
  })
})
afterAll(async () => {
  await system.stop()
  await application.close()
})

test('50 clients behind each proxy keep their sessions while a fifth of the answers is lost and auth-api restarts', async () => {
  await Promise.all(
    PROXIES.map(async (engine) => {
      const proxy = await startProxy(engine, {
        authApi: system.port,
        application: application.port,
      })
      const { lost } = await runLossyClients({
        authUrl: system.url,
        password: 'correct horse battery',
        backEnd: { url: proxy.url, path: '/page' },
        transport: 'cookie',
        restart: system.restart,
      })
      expect(lost).toBeGreaterThan(0)
      await proxy.stop()
    }),
  )
  expect(await system.alarms()).toBe(0)
})
