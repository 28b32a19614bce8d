import fastifySwagger from '@fastify/swagger'
import fastifySwaggerUi from '@fastify/swagger-ui'
import { HEADERS, REFRESH_COOKIE } from '@auto-refresh/contracts'
import type { FastifyInstance } from 'fastify'
import fastifyPlugin from 'fastify-plugin'

/** The pages of the reference load their own scripts; nothing else is let in. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ')

/** `/openapi.json` and `/docs`, from the schemas that the routes are checked with. */
export const apiReference = fastifyPlugin(
  async (app: FastifyInstance) => {
    await app.register(fastifySwagger, {
      openapi: {
        openapi: '3.1.0',
        info: { title: 'Auto Refresh Token', version: '1', description: 'Issues, rotates and automatically renews token pairs, and catches stolen ones.' },
        components: {
          securitySchemes: {
            accessToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
            feedKey: { type: 'http', scheme: 'bearer', description: 'one of REVOCATION_FEED_KEYS' },
            renewalKey: { type: 'http', scheme: 'bearer', description: 'one of RENEWAL_KEYS' },
            refreshTokenHeader: { type: 'apiKey', in: 'header', name: HEADERS.refreshToken },
            refreshTokenCookie: { type: 'apiKey', in: 'cookie', name: REFRESH_COOKIE },
          },
        },
      },
    })
    await app.register(fastifySwaggerUi, { routePrefix: '/docs', staticCSP: PAGE_POLICY, indexPrefix: '' })
    app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
  },
  { name: 'api-reference' },
)
