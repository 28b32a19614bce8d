import { runMigrations } from '@auto-refresh/service-kit/process'
import { CLEANUP_MIGRATIONS } from './cleanup-migrations.ts'

await runMigrations(CLEANUP_MIGRATIONS)
