import { runMigrations } from '@auto-refresh/service-kit/process'
import { TOKEN_STORE_MIGRATIONS } from './token-store-migrations.ts'

await runMigrations(TOKEN_STORE_MIGRATIONS)
