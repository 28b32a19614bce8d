import type { AccessTokenClaims } from '@auto-refresh/contracts'
import Fastify from 'fastify'
import { CompactSign, exportJWK, generateKeyPair } from 'jose'

export const ISSUER = 'https://auth.example'
export const USER = '0198c1a0-0000-7000-8000-000000000001'
export const SESSION = '0198c1a0-0000-7000-8000-000000000002'

/** `failing`: it responds 503; `silent`: it never responds */
type Outcome = Readonly<Record<string, unknown>> | 'failing' | 'silent'
/** A function is called for each request. */
type Answer = Outcome | (() => Promise<unknown>)

/**
 * Starts a fake auth-api with the endpoints that a back end uses. `state` holds its answers and can
 * be changed at any time.
 */
export async function startFakeAuthApi() {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
  const state = {
    revoked: [] as string[],
    roleChanges: undefined as object[] | undefined,
    peek: { outcome: 'would_renew', user: { username: 'ann', role: 'admin' } } as Outcome,
    renewal: {
      outcome: 'renewed',
      access_token: 'a2',
      refresh_token: 'r2',
      refresh_expires_in: 604_800,
    } as Outcome,
    /** answers for single refresh tokens, instead of the above */
    outcomes: new Map<string, { peek?: Answer; renewal?: Answer }>(),
    /** how far its clock is ahead of the back end's; absent: it sends no time */
    aheadMs: undefined as number | undefined,
    /** number of requests for revocations */
    feedRequests: 0,
    calls: [] as { call: string; key: string | undefined; body: unknown }[],
    /** the `Idempotency-Key` of each of these calls */
    attempts: [] as (string | undefined)[],
  }
  const nowMs = () => Date.now() + (state.aheadMs ?? 0)
  const nowSeconds = () => Math.floor(nowMs() / 1000)
  const app = Fastify({ forceCloseConnections: true })
  app.get('/.well-known/jwks.json', async () => ({
    keys: [{ ...(await exportJWK(publicKey)), kid: 'key-1', alg: 'ES256', use: 'sig' }],
  }))
  app.get('/api/v1/auth/revocations', async (request, reply) => {
    state.feedRequests += 1
    if (state.aheadMs !== undefined) reply.header('x-clock-ms', nowMs())
    const roles = state.roleChanges === undefined ? {} : { role_changes: state.roleChanges }
    const data = {
      ...roles,
      revocations: state.revoked.map((session_id) => ({ session_id, expires_in: 60 })),
    }
    return request.headers.authorization === 'Bearer api-key'
      ? { status: 200, message: '', data }
      : reply.code(401).send({})
  })
  for (const call of ['renewals', 'renewals/peek'] as const) {
    const name = call === 'renewals' ? 'renewal' : 'peek'
    app.post<{ Body: { refresh_token: string } }>(
      `/api/v1/auth/${call}`,
      async ({ headers, body }, reply) => {
        state.calls.push({ call, key: headers.authorization, body })
        state.attempts.push(headers['idempotency-key']?.toString())
        const answer = state.outcomes.get(body.refresh_token)?.[name] ?? state[name]
        const outcome = typeof answer === 'function' ? await answer() : answer
        if (outcome === 'silent') return new Promise(() => {})
        if (outcome === 'failing') return reply.code(503).send({})
        return { status: 200, message: '', data: outcome }
      },
    )
  }
  const url = await app.listen({ port: 0, host: '127.0.0.1' })

  return {
    url,
    state,
    close: () => app.close(),
    /** Signs an access token with the given remaining and total life, of a session that goes on. */
    async sign({
      leftSeconds = 1800,
      lifeSeconds = 1800,
      kid = 'key-1',
      claims: changed = {},
    }: {
      leftSeconds?: number
      lifeSeconds?: number
      kid?: string
      claims?: Partial<AccessTokenClaims>
    } = {}): Promise<string> {
      const exp = nowSeconds() + leftSeconds
      const claims: AccessTokenClaims = {
        iss: ISSUER,
        sub: USER,
        aud: 'auto-refresh',
        exp,
        iat: exp - lifeSeconds,
        jti: 'j',
        client_id: 'first-party',
        sid: SESSION,
        username: 'ann',
        role: 'user',
        auth_time: nowSeconds() - 60,
        session_exp: nowSeconds() + 86_400,
        ...changed,
      }
      return new CompactSign(new TextEncoder().encode(JSON.stringify(claims)))
        .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid })
        .sign(privateKey)
    },
  }
}
