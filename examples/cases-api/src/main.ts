import { randomUUID } from 'node:crypto'
import { resolve } from 'node:path'
import { buildCasesApi } from './build-cases-api.ts'
import { readApiKey } from './read-api-key.ts'

const env = process.env
const dataDir = resolve(env['DATA_DIR'] || 'data')

const app = buildCasesApi({
  origins: env['CORS_ALLOWED_ORIGINS'] ? env['CORS_ALLOWED_ORIGINS'].split(',') : [],
  auth: {
    issuer: env['ISSUER'] || 'http://localhost:8000',
    audience: env['AUDIENCE'] || 'auto-refresh',
    authApiUrl: env['AUTH_API_URL'] || 'http://127.0.0.1:8000',
    apiKey: await apiKey(),
    autoRefreshThreshold: Number(env['AUTO_REFRESH_THRESHOLD'] || 300),
  },
  server: {
    logger: { level: env['LOG_LEVEL'] || 'warn' },
    // named by refusals and by auth-api's log
    genReqId: () => randomUUID(),
    // addresses of the proxies whose X-Forwarded-For is trusted
    trustProxy: env['TRUSTED_PROXIES'] ? env['TRUSTED_PROXIES'].split(',') : false,
  },
})

const stop = () => void app.close()
process.on('SIGTERM', stop)
process.on('SIGINT', stop)
const url = await app.listen({
  host: env['HOST'] || '127.0.0.1',
  port: Number(env['PORT'] || 8200),
})
console.log(`The example back end is ready: ${url}/api/v1/cases`)

/** Reads the key. If it is missing, prints one sentence with what to do, and exits. */
async function apiKey(): Promise<string> {
  try {
    return await readApiKey({ environment: env, dataDir })
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exit(1)
  }
}
