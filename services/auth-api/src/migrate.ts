import { runMigrations } from '@auto-refresh/service-kit/process'
import { AUTH_API_MIGRATIONS } from './auth-api-migrations.ts'

await runMigrations(AUTH_API_MIGRATIONS)
