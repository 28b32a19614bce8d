import { randomBytes } from 'node:crypto'
import type { AnyEvent, IssueRequest, RotateRequest } from '@auto-refresh/contracts'
import { createTestDatabase } from '@auto-refresh/test-engines'
import { migrate } from '@auto-refresh/service-kit/postgres'
import { createMetrics, createSilentLogger } from '@auto-refresh/service-kit/telemetry'
import { Client } from 'pg'
import { buildTokenStore } from '../build-token-store.ts'
import { TOKEN_STORE_MIGRATIONS } from '../token-store-migrations.ts'
import { parseTokenStoreConfig } from '../config.ts'

/** The network and user agent of an honest client. */
export const home = { network: '192.0.2.0/24', agent: 'browser' }
export const testKeys = `1:${randomBytes(32).toString('base64')}`

/** A slow monotonic clock, so that a machine that pauses for some seconds fails no request. */
const slowNowMs = () => performance.now() / 20

/**
 * Starts replicas of token-store on a database of their own, or on the one of `url`. `session` are
 * options of the database sessions, in place of those of the pool. `slowClock: false` is for tests
 * of deadlines.
 */
export async function startTestTokenStores(
  options: {
    url?: string
    replicas?: number
    env?: Record<string, string>
    session?: string
    slowClock?: boolean
    publish?: (events: readonly AnyEvent[]) => Promise<void>
  } = {},
) {
  const database =
    options.url === undefined
      ? await createTestDatabase()
      : { url: options.url, drop: async () => {} }
  await migrate({ url: database.url, ...TOKEN_STORE_MIGRATIONS, log: () => {} })
  const events: AnyEvent[] = []
  const publisher = {
    async publish(_topic: string, batch: readonly AnyEvent[]) {
      await options.publish?.(batch)
      events.push(...batch)
    },
  }
  const databaseUrl = new URL(database.url)
  if (options.session !== undefined) databaseUrl.searchParams.set('options', options.session)
  const config = parseTokenStoreConfig({
    DATABASE_URL: databaseUrl.href,
    REFRESH_TOKEN_KEYS: testKeys,
    ...options.env,
  })
  const built = Array.from({ length: options.replicas ?? 1 }, () =>
    buildTokenStore({
      config,
      publisher,
      logger: createSilentLogger(),
      metrics: createMetrics({ service: 'test', version: '0' }),
      ...(options.slowClock === false ? {} : { nowMs: slowNowMs }),
    }),
  )
  for (const replica of built) await replica.start()
  const sql = new Client({ connectionString: database.url })
  sql.on('error', () => {})
  await sql.connect()

  const stores = built.map((replica) => replica.tokenStore)
  return {
    url: database.url,
    stores,
    get store() {
      const [first] = stores
      if (first === undefined) throw new Error('There is no replica')
      return first
    },
    sql,
    events,
    async issue(more: Partial<IssueRequest> = {}) {
      const issued = await this.store.issue({
        userId: crypto.randomUUID(),
        userVersion: 0,
        clientId: 'default',
        context: home,
        accessTtlSeconds: 1800,
        ...more,
      })
      if (issued.outcome !== 'issued') throw new Error(issued.outcome)
      return issued
    },
    /** Makes a session older by the given seconds, as if the time had passed. */
    async age(sessionId: string, seconds: number) {
      await sql.query(
        `update token_store.sessions set
           authenticated_at = authenticated_at - $2 * interval '1 second',
           rotated_at = rotated_at - $2 * interval '1 second',
           mark_at = mark_at - $2 * interval '1 second',
           idle_until = idle_until - $2 * interval '1 second',
           expires_at = expires_at - $2 * interval '1 second',
           access_expires_at = access_expires_at - $2 * interval '1 second',
           keep_until = keep_until - $2 * interval '1 second',
           bucket_at = bucket_at - $2 * interval '1 second',
           sweep_bucket = 0
         where id = $1`,
        [sessionId, seconds],
      )
    },
    async stop() {
      await Promise.all(built.map((replica) => replica.stop()))
      await sql.end().catch(() => {})
      await database.drop()
    },
  }
}
export type TestTokenStores = Awaited<ReturnType<typeof startTestTokenStores>>

export const refresh = (token: string, more: Partial<RotateRequest> = {}): RotateRequest => ({
  token,
  context: home,
  accessTtlSeconds: 1800,
  ...more,
})
