import type { Framework } from './install-package.ts'

const OPTIONS = `{ issuer: 'https://auth.example', authApiUrl: 'http://auth-api:8000', apiKey: 'k' }`

/** Declares own claims, as the documentation says. */
const claims = (framework: Framework) => `
declare module '@auto-refresh/server/${framework}' {
  interface UserClaims {
    tenant: string
  }
}
`

/**
 * Small applications in TypeScript. Each uses everything that its entry point offers, and one wrong
 * line, which proves that the types are found.
 */
export const USER_PROGRAMS: Record<Framework, string> = {
  fastify: `
import { autoRefresh, requireRole } from '@auto-refresh/server/fastify'
import Fastify from 'fastify'
${claims('fastify')}
const app = Fastify()
app.register(async (guarded) => {
  await guarded.register(autoRefresh, { ...${OPTIONS}, user: 'required' })
  guarded.get('/', async ({ user }) => user.username + (user.claims?.tenant.toUpperCase() ?? ''))
  guarded.get('/public', { config: { user: 'optional' } }, async ({ user }) => user?.sub ?? null)
  guarded.get('/admin', { preHandler: requireRole('admin') }, async () => guarded.autoRefresh.isReady())
  // @ts-expect-error a user has no such property
  guarded.get('/wrong', async ({ user }) => user.nickname)
})
`,
  express: `
import { autoRefresh, requireRole } from '@auto-refresh/server/express'
import express from 'express'
${claims('express')}
const app = express()
const auth = autoRefresh(${OPTIONS})
app.use('/api', auth)
app.get('/api', ({ user }, res) => void res.json(user?.claims?.tenant.toUpperCase()))
app.get('/public', auth.optional, ({ user }, res) => void res.json(user?.sub ?? null))
app.get('/admin', auth, requireRole('admin'), (_, res) => void res.json(auth.isReady()))
// @ts-expect-error a user has no such property
app.get('/wrong', auth, ({ user }, res) => void res.json(user?.nickname))
export const close = (): Promise<void> => auth.close()
`,
  fetch: `
import { autoRefresh, requireRole } from '@auto-refresh/server/fetch'
${claims('fetch')}
const auth = autoRefresh({ ...${OPTIONS}, address: (request) => request.headers.get('x-real-ip') ?? undefined })
export const GET = auth((request, { user }) => Response.json([request.url, user.claims?.tenant.toUpperCase()]))
export const POST = auth.optional((_request, { user }) => Response.json(user?.sub ?? null))
export const DELETE = auth(requireRole('admin', (_request, { user }) => Response.json(user.sub)))
export const one = auth(async (_request: Request, _, { params }: { params: Promise<{ id: string }> }) =>
  Response.json((await params).id),
)
// @ts-expect-error a user has no such property
export const wrong = auth((_request, { user }) => Response.json(user.nickname))
export const middleware = (request: Request): Promise<Response> =>
  auth.respond(request, ({ user }) => new Response(user.sub), { address: '203.0.113.9' })
`,
}
