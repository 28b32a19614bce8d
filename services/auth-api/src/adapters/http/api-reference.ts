import { createHash } from 'node:crypto'
import fastifySwagger from '@fastify/swagger'
import fastifySwaggerUi from '@fastify/swagger-ui'
import { HEADERS, HOST_REFRESH_COOKIE, REFRESH_COOKIE } from '@auto-refresh/contracts'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
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

type Operation = { requestBody?: { required: boolean; content: { 'application/json': { schema: { required?: readonly string[] } } } } }

/** The plugin calls every body required; here no body reads as an empty one, so one is required where its schema demands something. */
function letBodiesBeLeftOut(paths: Record<string, Record<string, Operation>>): void {
  for (const { requestBody } of Object.values(paths).flatMap((path) => Object.values(path))) {
    if (requestBody !== undefined) requestBody.required = (requestBody.content['application/json'].schema.required ?? []).length > 0
  }
}

function write(document: object): { body: Buffer; etag: string } {
  const body = Buffer.from(JSON.stringify(document))
  return { body, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"` }
}

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
            refreshTokenCookie: { type: 'apiKey', in: 'cookie', name: REFRESH_COOKIE, description: `${HOST_REFRESH_COOKIE} where it is Secure and has no Domain` },
          },
        },
      },
      transformObject: (document) => {
        if (!('openapiObject' in document)) return document.swaggerObject
        letBodiesBeLeftOut(document.openapiObject.paths as Parameters<typeof letBodiesBeLeftOut>[0])
        return document.openapiObject
      },
    })
    let written: { body: Buffer; etag: string } | undefined
    const answer = async ({ headers }: FastifyRequest, reply: FastifyReply) => {
      written ??= write(app.swagger())
      reply.headers({ 'cache-control': 'no-cache', etag: written.etag }).removeHeader('pragma')
      if (headers['if-none-match'] === written.etag) return reply.code(304).send()
      return reply.type('application/json; charset=utf-8').send(written.body)
    }
    await app.register(fastifySwaggerUi, {
      routePrefix: '/docs',
      staticCSP: PAGE_POLICY,
      indexPrefix: '',
      // its own answers are written anew for each request
      uiHooks: { onRequest: (request, reply, next) => (/^\/docs\/(json|yaml)$/.test(request.routeOptions.url ?? '') ? void answer(request, reply) : next()) },
    })
    app.get('/openapi.json', { schema: { hide: true } }, answer)
  },
  { name: 'api-reference' },
)
