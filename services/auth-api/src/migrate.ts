import { runMigrations } from '@auto-refresh/service-kit/process'
import { AUTH_API_MIGRATIONS } from './migrations.ts'

await runMigrations(AUTH_API_MIGRATIONS)
