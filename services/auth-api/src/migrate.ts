import { readEnvironment } from '@auto-refresh/config'
import { migrate } from '@auto-refresh/postgres'
import { AUTH_API_MIGRATIONS } from './migrations.ts'

const env = readEnvironment(process.env)
const url = env.done(env.url('DATABASE_URL', { protocols: ['postgres:', 'postgresql:'] }))
await migrate({ url, ...AUTH_API_MIGRATIONS, log: console.log })
