import { randomBytes, randomUUID } from 'node:crypto'
import {
  Envelope,
  RefreshBody,
  TokenPairData,
  type AccessTokenClaims,
} from '@auto-refresh/contracts'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { fastify } from 'fastify'
import { generateKeyPair, SignJWT } from 'jose'

const { privateKey } = await generateKeyPair('ES256')
const user = { sub: randomUUID(), sid: randomUUID(), username: 'admin', role: 'admin' }
const app = fastify({ bodyLimit: 8192 }).withTypeProvider<TypeBoxTypeProvider>()

app.get('/ready', () => ({}))
app.post(
  '/api/v1/auth/refresh',
  { schema: { body: RefreshBody, response: { 200: Envelope(TokenPairData) } } },
  async () => {
    const iat = Math.floor(Date.now() / 1000)
    const claims: AccessTokenClaims = {
      iss: 'http://localhost:8000',
      aud: 'auto-refresh',
      exp: iat + 1800,
      iat,
      jti: randomUUID(),
      client_id: 'first-party',
      auth_time: iat,
      session_exp: iat + 2_592_000,
      ...user,
    }
    const accessToken = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'floor' })
      .sign(privateKey)
    const refreshToken = `art_${randomBytes(76).toString('base64url')}`
    return {
      status: 200,
      message: 'Token refreshed successfully',
      data: {
        access_token: accessToken,
        refresh_token: refreshToken,
        token_type: 'bearer' as const,
        expires_in: 1800,
      },
    }
  },
)
await app.listen({ host: '127.0.0.1', port: Number(process.env['PORT']) })
