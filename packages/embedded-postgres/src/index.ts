export { findEmbeddedPostgres } from './find-embedded-postgres.ts'
export { prepareInstance } from './instance.ts'
export { isRunning } from './is-running.ts'
export {
  openEmbeddedPostgres,
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
} from './open-embedded-postgres.ts'
export { endPostmaster, findPostmaster, hasEnded } from './postmaster.ts'
export { findFreePort, startServer, toUrl } from './server.ts'
