import { ConfigError, runMain } from '@auto-refresh/config'
import { createLogger } from '@auto-refresh/telemetry'

const NEEDS_KAFKA =
  'A cleanup-worker in a process of its own takes its events from Kafka (KAFKA_BROKERS), which this version does not speak yet; `npm start` runs it inside the single process'

await runMain({
  process,
  logger: createLogger({ service: 'cleanup-worker', level: 'info' }),
  nowMs: () => performance.now(),
  start: () => Promise.reject(new ConfigError([NEEDS_KAFKA])),
})
