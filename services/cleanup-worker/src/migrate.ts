import { runMigrations } from '@auto-refresh/service-kit/process'
import { CLEANUP_WORKER_MIGRATIONS } from './cleanup-worker-migrations.ts'

await runMigrations(CLEANUP_WORKER_MIGRATIONS)
