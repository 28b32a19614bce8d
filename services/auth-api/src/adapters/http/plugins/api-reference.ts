import { createHash } from 'node:crypto'
import fastifySwagger from '@fastify/swagger'
import fastifySwaggerUi from '@fastify/swagger-ui'
import {
  ACCESS_COOKIE,
  HEADERS,
  HOST_ACCESS_COOKIE,
  HOST_REFRESH_COOKIE,
  REFRESH_COOKIE,
} from '@auto-refresh/contracts'
import { PRODUCT_VERSION } from '@auto-refresh/service-kit/config'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'

/** The pages of the reference may load only their own scripts. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ')

const HOW_TO_START = `
1. \`POST /api/v1/auth/token\` signs a user in and returns a pair of tokens.
2. Send the access token as \`Authorization: Bearer\`.
3. Before it expires, \`POST /api/v1/auth/refresh\` exchanges the refresh token for the next pair.
   Each refresh token works once; a stolen one ends the session.

Press Authorize to try a route with an access token. Every error has a code, and says whether the
same request can succeed later. The guide, the client and the server packages are documented in
\`docs/guide.md\`, \`docs/api.md\` and the README of the repository.
`.trim()

/** What each group of routes is for, in the order of the page. */
const TAGS = [
  { name: 'tokens', description: 'Sign in, and renew token pairs' },
  { name: 'sessions', description: 'See and end sessions of the current user' },
  { name: 'notices', description: 'Notices for the current user, such as a stolen token' },
  { name: 'passwords', description: 'Change or reset a password' },
  { name: 'back ends', description: 'For your servers, with an API key' },
  { name: 'proxies', description: 'For reverse proxies that authenticate requests' },
  { name: 'OAuth 2', description: 'The endpoints that OAuth 2 libraries and gateways use' },
  { name: 'administration', description: 'Users, sessions and investigation' },
  { name: 'keys', description: 'Public keys that verify access tokens' },
]

type BodySchema = { required?: readonly string[]; minProperties?: number }
type Operation = {
  requestBody?: {
    required: boolean
    content: Record<string, { schema: BodySchema }>
  }
}

/**
 * Corrects `required` of request bodies. The plugin always sets it; but a missing body counts as an
 * empty object, so a body is required only when its schema has required properties.
 */
function correctRequiredBodies(paths: Record<string, Record<string, Operation>>): void {
  for (const { requestBody } of Object.values(paths).flatMap((path) => Object.values(path))) {
    if (requestBody !== undefined)
      requestBody.required = Object.values(requestBody.content).some(({ schema }) =>
        needsContent(schema),
      )
  }
}

const needsContent = ({ required = [], minProperties = 0 }: BodySchema) =>
  required.length > 0 || minProperties > 0

type Written = Readonly<{ body: Buffer; etag: string; type: string }>

function write(text: string, type: string): Written {
  const body = Buffer.from(text)
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
  return { body, etag, type: `${type}; charset=utf-8` }
}

/**
 * Creates a handler that sends the document of `writeOnce`, which is written at the first request
 * and does not change while the process runs.
 */
function createDocumentHandler(writeOnce: () => Written) {
  let written: Written | undefined
  return async ({ headers }: FastifyRequest, reply: FastifyReply) => {
    written ??= writeOnce()
    reply.headers({ 'cache-control': 'no-cache', etag: written.etag }).removeHeader('pragma')
    if (headers['if-none-match'] === written.etag) return reply.code(304).send()
    return reply.type(written.type).send(written.body)
  }
}

/**
 * Serves `/openapi.json` and `/docs` (with `/docs/json` and `/docs/yaml`), generated from the
 * schemas that validate the requests.
 */
export const apiReference = fastifyPlugin(
  async (app: FastifyInstance) => {
    await app.register(fastifySwagger, {
      openapi: {
        openapi: '3.1.0',
        info: {
          title: 'Auto Refresh Token',
          version: PRODUCT_VERSION,
          summary: 'Issues, rotates and automatically renews token pairs, and catches stolen ones',
          description: HOW_TO_START,
          license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
        },
        servers: [{ url: '/', description: 'This server' }],
        tags: TAGS,
        components: {
          securitySchemes: {
            accessToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
            apiKey: {
              type: 'http',
              scheme: 'bearer',
              description: 'the secret of an entry of API_KEYS that has the scope',
            },
            refreshTokenHeader: { type: 'apiKey', in: 'header', name: HEADERS.refreshToken },
            refreshTokenCookie: {
              type: 'apiKey',
              in: 'cookie',
              name: REFRESH_COOKIE,
              description: `${HOST_REFRESH_COOKIE} where it is Secure and has no Domain`,
            },
            accessTokenCookie: {
              type: 'apiKey',
              in: 'cookie',
              name: ACCESS_COOKIE,
              description: `${HOST_ACCESS_COOKIE} where it is Secure and has no Domain`,
            },
          },
        },
      },
      transformObject: (document) => {
        if (!('openapiObject' in document)) return document.swaggerObject
        correctRequiredBodies(
          document.openapiObject.paths as Parameters<typeof correctRequiredBodies>[0],
        )
        return document.openapiObject
      },
    })
    const sendJson = createDocumentHandler(() =>
      write(JSON.stringify(app.swagger()), 'application/json'),
    )
    const sendYaml = createDocumentHandler(() =>
      write(app.swagger({ yaml: true }), 'application/yaml'),
    )
    const documents = new Map([
      ['/docs/json', sendJson],
      ['/docs/yaml', sendYaml],
    ])
    await app.register(fastifySwaggerUi, {
      routePrefix: '/docs',
      staticCSP: PAGE_POLICY,
      indexPrefix: '',
      theme: {
        title: 'Auto Refresh Token API',
        // The bar of the plugin has another project's logo and a field for another document.
        css: [{ filename: 'theme.css', content: '.swagger-ui .topbar { display: none }' }],
      },
      // The plugin would write its documents anew for each request.
      uiHooks: {
        onRequest(request, reply, next) {
          const send = documents.get(request.routeOptions.url ?? '')
          if (send === undefined) next()
          else void send(request, reply)
        },
      },
    })
    app.get('/openapi.json', { schema: { hide: true } }, sendJson)
  },
  { name: 'api-reference' },
)
