export { findFreePort } from '@auto-refresh/embedded-postgres'
export { chromiumPath } from './chromium-path.ts'
export { createTestDatabase, stopTestPostgres, type TestDatabase } from './create-test-database.ts'
export { killWithParent, stopWithParent } from './end-with-parent.ts'
export { eventually, medianSeconds, waitSeconds } from './eventually.ts'
export { findMissingEngines, type MissingEngine } from './find-missing-engines.ts'
export { findNode20 } from './find-node20.ts'
export { loadReleaseDump } from './previous-release/load-release-dump.ts'
export {
  DUMP_ADMIN_KEY,
  DUMP_PASSWORD,
  DUMP_SETTINGS,
  hasPreviousRelease,
  readPreviousRelease,
  RELEASE_FOLDER,
  type DumpedSession,
  type Release,
} from './previous-release/previous-release.ts'
export { unpackRelease, type UnpackedRelease } from './previous-release/unpack-release.ts'
export { startKafka, type StartedKafka } from './start-kafka.ts'
export { startOwnKafka, type OwnKafka } from './without-docker/start-own-kafka.ts'
export { startOwnPostgres, type OwnPostgres } from './start-own-postgres.ts'
export { startOwnRedis, type OwnRedis } from './without-docker/start-own-redis.ts'
export { startPostgres, type StartedPostgres } from './start-postgres.ts'
export { startRedis, type StartedRedis } from './start-redis.ts'
