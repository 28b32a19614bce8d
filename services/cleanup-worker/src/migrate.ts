import { migrate } from '@auto-refresh/postgres'
import { CLEANUP_MIGRATIONS } from './cleanup-migrations.ts'

const url = process.env['DATABASE_URL']
if (url === undefined) throw new Error('DATABASE_URL is missing: the owner of the schema cleanup')
await migrate({ url, ...CLEANUP_MIGRATIONS, log: console.log })
