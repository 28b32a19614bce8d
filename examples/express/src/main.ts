import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { autoRefresh, requireRole } from '@auto-refresh/server/express'
import express from 'express'

// your own claims, given to a user by POST /api/v1/auth/sessions
declare module '@auto-refresh/server/express' {
  interface UserClaims {
    department?: string
  }
}

const env = process.env
const cases = new Map([
  ['1', 'The lost answer'],
  ['2', 'The second tab'],
])

const auth = autoRefresh({
  issuer: env['ISSUER'] || 'http://localhost:8000',
  authApiUrl: env['AUTH_API_URL'] || 'http://127.0.0.1:8000',
  apiKey: env['API_KEY'] || readGeneratedKey(),
})

const app = express()
app.get('/readyz', (_, res) => void res.status(auth.isReady() ? 200 : 503).end())
app.get('/feed', auth.optional, ({ user }, res) => {
  res.json({ message: `Welcome, ${user?.username ?? 'stranger'}` })
})

app.use('/api', auth)
app.get('/api/v1/cases', ({ user }, res) => {
  res.json({ for: user?.username, department: user?.claims?.department, data: [...cases] })
})
app.delete('/api/v1/cases/:id', requireRole('admin'), ({ params }, res) => {
  res.status(cases.delete(params.id) ? 204 : 404).end()
})

const server = app.listen(Number(env['PORT'] || 8200), env['HOST'] || '127.0.0.1', () => {
  console.log('The Express example is ready:', server.address())
})
for (const signal of ['SIGTERM', 'SIGINT'])
  process.on(signal, () => {
    server.close()
    void auth.close()
  })

/** Reads the key that `npm start` generated for the first entry of `name=scopes:secret,...`. */
function readGeneratedKey(): string {
  const file = join(env['DATA_DIR'] || 'data', 'keys', 'API_KEYS')
  if (!existsSync(file)) {
    console.error(
      `There is no API_KEY, and no ${file}: start auth-api first (npm start), or set it`,
    )
    process.exit(1)
  }
  return readFileSync(file, 'utf8').split(',')[0]?.split(':').at(-1)?.trim() ?? ''
}
