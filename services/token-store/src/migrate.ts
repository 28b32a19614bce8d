import { migrate } from '@auto-refresh/postgres'
import { TOKEN_STORE_MIGRATIONS } from './check-token-store-schema.ts'

const url = process.env['DATABASE_URL']
if (url === undefined) throw new Error('DATABASE_URL is missing: the owner of the schema token_store')
await migrate({ url, ...TOKEN_STORE_MIGRATIONS, log: console.log })
