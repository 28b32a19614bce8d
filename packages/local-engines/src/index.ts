export { createTestDatabase, stopTestPostgres, type TestDatabase } from './create-test-database.ts'
export { startOwnPostgres, type OwnPostgres } from './start-own-postgres.ts'
export { startPostgres, type StartedPostgres } from './start-postgres.ts'
export { findFreePort } from './embedded/server.ts'
export { findEmbeddedPostgres } from './embedded/find-embedded-postgres.ts'
export {
  openEmbeddedPostgres,
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
} from './embedded/open-embedded-postgres.ts'
export { startKafka, type StartedKafka } from './start-kafka.ts'
export { startOwnKafka, type OwnKafka } from './start-own-kafka.ts'
export { startOwnRedis, type OwnRedis } from './start-own-redis.ts'
export { startRedis, type StartedRedis } from './start-redis.ts'
export { stopWithUs } from './machine/end-with-us.ts'
export { chromiumPath } from './chromium-path.ts'
export { findMissingEngines, type MissingEngine } from './missing-engines.ts'
