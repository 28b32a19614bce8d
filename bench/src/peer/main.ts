import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { exportJWK, generateKeyPair } from 'jose'
import { Provider } from 'oidc-provider'
import { Pool } from 'pg'
import { createPostgresAdapter } from './create-postgres-adapter.ts'

const RESOURCE = 'urn:bench:api'
const DAY_SECONDS = 86_400
const port = Number(process.env['PORT'])
const pool = new Pool({ connectionString: process.env['DATABASE_URL'], max: 20 })
const { privateKey } = await generateKeyPair('ES256', { extractable: true })

const provider = new Provider(`http://127.0.0.1:${port}`, {
  adapter: await createPostgresAdapter({ pool }),
  jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'ES256', use: 'sig', kid: 'peer' }] },
  clientDefaults: { id_token_signed_response_alg: 'ES256' },
  clients: [
    {
      client_id: 'bench',
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
      redirect_uris: ['http://127.0.0.1/'],
      application_type: 'native',
    },
  ],
  rotateRefreshToken: true,
  ttl: { AccessToken: 1800, RefreshToken: 7 * DAY_SECONDS, Grant: 30 * DAY_SECONDS },
  findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
  extraTokenClaims: () => ({
    sid: randomUUID(),
    username: 'admin',
    role: 'admin',
    auth_time: 1,
    session_exp: 1,
  }),
  features: {
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: () => ({
        scope: 'api',
        audience: 'auto-refresh',
        accessTokenTTL: 1800,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
})

/** Creates the session that an authorization code would have led to. */
async function createSession(): Promise<string> {
  const client = await provider.Client.find('bench')
  if (client === undefined) throw new Error('Unknown client')
  const accountId = randomUUID()
  const grant = new provider.Grant({ accountId, clientId: client.clientId })
  grant.addOIDCScope('offline_access')
  grant.addResourceScope(RESOURCE, 'api')
  const grantId = await grant.save()
  return new provider.RefreshToken({
    accountId,
    client,
    grantId,
    gty: 'authorization_code',
    scope: 'offline_access api',
    resource: RESOURCE,
  }).save()
}

const answer = provider.callback()
createServer((request, response) => {
  const count = /^\/sessions\?count=(\d+)$/.exec(request.url ?? '')?.[1]
  if (count === undefined) return void answer(request, response)
  Promise.all(Array.from({ length: Number(count) }, createSession)).then(
    (tokens) => response.end(JSON.stringify(tokens)),
    (error: unknown) => response.writeHead(500).end(String(error)),
  )
}).listen(port, '127.0.0.1')
