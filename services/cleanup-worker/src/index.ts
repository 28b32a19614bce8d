export { buildCleanupWorker, type BuiltCleanupWorker } from './build-cleanup-worker.ts'
export { CLEANUP_MIGRATIONS } from './cleanup-migrations.ts'
export { parseCleanupWorkerConfig, type CleanupWorkerConfig } from './config.ts'
export { readEndedSessionsOfAuditTrail } from './adapters/postgres/read-ended-sessions.ts'
