import { runMigrations } from '@auto-refresh/service-kit/process'
import { TOKEN_STORE_MIGRATIONS } from './check-token-store-schema.ts'

await runMigrations(TOKEN_STORE_MIGRATIONS)
