import { join } from 'node:path'
import { createTopics, readTopics } from '@auto-refresh/event-bus'
import { EVENT_TOPICS, SESSION_EVENTS_TOPIC, type AnyEvent } from '@auto-refresh/contracts'
import { startOwnKafka, startOwnPostgres, startOwnRedis } from '@auto-refresh/test-engines'
import { migrate } from '@auto-refresh/service-kit/postgres'
import { runOperation } from './run-operation.ts'
import { REPOSITORY } from './start-standalone.ts'
import {
  sharedEnvironment,
  startService,
  type ServiceName,
  type ServiceProcess,
} from './start-services.ts'

const MIGRATIONS = { token_store: 'token-store', auth_api: 'auth-api', cleanup: 'cleanup-worker' }
const quiet = { warn: () => {} }

/**
 * Starts two replicas of each service and one threat-monitor, on a Postgres, a Redis and a Kafka
 * that can be stopped and killed. `repository` is the folder of the release that they begin with.
 */
export async function startSystemApart(
  settings: Record<string, string> = {},
  repository = REPOSITORY,
) {
  const [postgres, redis, kafka] = await Promise.all([
    startOwnPostgres(),
    startOwnRedis(),
    startOwnKafka(),
  ])
  const bus = { brokers: kafka.brokers, clientId: 'e2e' }
  const migrateTo = async (release: string) => {
    for (const [schema, service] of Object.entries(MIGRATIONS)) {
      const directory = join(release, 'services', service, 'migrations')
      await migrate({ url: postgres.url, schema, directory, log: () => {} })
    }
    await createTopics({
      settings: bus,
      log: quiet,
      topics: EVENT_TOPICS,
      partitions: 6,
      replication: 1,
      retentionMs: 86_400_000,
    })
  }
  await migrateTo(repository)

  const env = {
    ...sharedEnvironment({ databaseUrl: postgres.url, brokers: kafka.brokers.join(',') }),
    REDIS_URL: redis.url,
    ...settings,
  }
  const start = (name: ServiceName, own: Record<string, string>) =>
    startService(name, own, undefined, repository)
  const stores = await Promise.all([start('token-store', env), start('token-store', env)])
  const workers = await Promise.all([start('cleanup-worker', env), start('cleanup-worker', env)])
  const forApi = {
    ...env,
    TOKEN_STORE_URL: stores.map(({ url }) => url).join(','),
    CLEANUP_WORKER_URL: workers.map(({ url }) => url).join(','),
  }
  const apis = await Promise.all([start('auth-api', forApi), start('auth-api', forApi)])
  const monitors = [await start('threat-monitor', env)]
  await runOperation('user', {
    args: ['add', 'ayu', '--password-stdin'],
    input: 'correct horse battery',
    env,
  })

  return {
    env,
    postgres,
    redis,
    kafka,
    stores,
    apis,
    workers,
    monitors,
    all: (): ServiceProcess[] => [...apis, ...stores, ...workers, ...monitors],
    /** Brings schemas and topics to this release. */
    upgrade: () => migrateTo(REPOSITORY),
    urlOf: (i: number) => apis[i % apis.length]?.url ?? '',
    /** All events in the topic of sessions, in the order of its partitions. */
    async sessionEvents(): Promise<AnyEvent[]> {
      const events: AnyEvent[] = []
      await readTopics({
        settings: bus,
        log: quiet,
        topics: [SESSION_EVENTS_TOPIC],
        which: 'everything',
        onEvent: (event) => void events.push(event),
      })
      return events
    },
    async stop() {
      await Promise.all([...apis, ...workers, ...monitors].map((service) => service.stop()))
      await Promise.all(stores.map((store) => store.stop()))
      await Promise.all([kafka.stop(), redis.stop(), postgres.stop()])
    },
  }
}
export type SystemApart = Awaited<ReturnType<typeof startSystemApart>>
