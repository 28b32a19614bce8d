import cookie from '@fastify/cookie'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { isDue } from '@auto-refresh/server/core'
import { accessGuard } from '@auto-refresh/server/fastify'
import { createRequireApiKey, draining } from '@auto-refresh/service-kit/http'
import { boundConnections } from '@auto-refresh/service-kit/telemetry'
import Fastify from 'fastify'
import { responseHeaders } from './plugins/response-headers.ts'
import { createRespondWithPair } from './routes/create-respond-with-pair.ts'
import { apiReference } from './plugins/api-reference.ts'
import { cors } from './plugins/cors.ts'
import { createRenewal } from './create-renewal.ts'
import { createRequireCsrfProof } from './plugins/create-require-csrf-proof.ts'
import type { HttpDeps } from './http-deps.ts'
import { formBodies } from './plugins/form-bodies.ts'
import { jsonBodies } from './plugins/json-bodies.ts'
import { lastExchange } from './plugins/last-exchange.ts'
import { notFound } from './errors/not-found.ts'
import { requestGuard } from './plugins/request-guard.ts'
import { requestMetrics } from './plugins/request-metrics.ts'
import { addExternalSessions } from './routes/add-external-sessions.ts'
import { addAdmin } from './routes/admin/add-admin.ts'
import { addHealth } from './routes/add-health.ts'
import { addJwks } from './routes/add-jwks.ts'
import { addLogout } from './routes/add-logout.ts'
import { addMe } from './routes/add-me.ts'
import { addNotices } from './routes/add-notices.ts'
import { addChangePassword } from './routes/add-change-password.ts'
import { addRefresh } from './routes/add-refresh.ts'
import { addRenewals } from './routes/add-renewals.ts'
import { addResetPassword } from './routes/add-reset-password.ts'
import { addRevocations } from './routes/add-revocations.ts'
import { addSessions } from './routes/add-sessions.ts'
import { addSignIn } from './routes/add-sign-in.ts'
import { addTokenStatus } from './routes/add-token-status.ts'
import { addVerify } from './routes/add-verify.ts'
import { addOauthIntrospection } from './routes/oauth/add-oauth-introspection.ts'
import { addOauthMetadata } from './routes/oauth/add-oauth-metadata.ts'
import { addOauthRevocation } from './routes/oauth/add-oauth-revocation.ts'
import { addOauthToken } from './routes/oauth/add-oauth-token.ts'
import type { App, RouteDeps } from './routes/route.ts'
import { createSendError } from './errors/send-error.ts'
import { sendOauthError } from './errors/send-oauth-error.ts'
import { toServerOptions } from './to-server-options.ts'

const PREFIX = '/api/v1/auth'
const ADMIN_PREFIX = '/api/v1/admin'

/**
 * Builds the public HTTP API of auth-api. Plugins that set response headers are registered first,
 * so that rejected requests get the headers too.
 */
export function buildHttp(deps: HttpDeps): App {
  const { useCases, settings, clock, debug } = deps
  const sendError = createSendError(deps)
  const routeDeps: RouteDeps = {
    ...deps,
    respondWithPair: createRespondWithPair(deps),
    requireCsrfProof: createRequireCsrfProof(settings),
    requireScope: createRequireApiKey(settings.apiKeys),
  }

  const app = Fastify(toServerOptions(deps, sendError)).withTypeProvider<TypeBoxTypeProvider>()
  boundConnections(app)
  app.decorateRequest('actor', undefined)
  app.setErrorHandler(sendError)
  void app.register(lastExchange)
  void app.register(notFound)
  void app.register(draining)
  void app.register(requestMetrics, deps)
  void app.register(responseHeaders)
  void app.register(cors, settings)
  void app.register(requestGuard, settings)
  void app.register(jsonBodies)
  void app.register(cookie, { hook: false })
  void app.register(apiReference)

  void app.register(async (root: App) => {
    addHealth(root)
    addJwks(root, routeDeps)
  })
  void app.register(async (admin: App) => addAdmin(admin, routeDeps), { prefix: ADMIN_PREFIX })
  void app.register(
    async (open: App) => {
      // A missing body counts as an empty object.
      open.addHook('preValidation', async (request) => void (request.body ??= {}))
      addSignIn(open, routeDeps)
      addExternalSessions(open, routeDeps)
      addRefresh(open, routeDeps)
      addTokenStatus(open, routeDeps)
      addVerify(open, routeDeps)
      addLogout(open, routeDeps)
      addResetPassword(open, routeDeps)
      addRevocations(open, routeDeps)
      addRenewals(open, routeDeps)
    },
    { prefix: PREFIX },
  )
  void app.register(
    async (guarded: App) => {
      await guarded.register(accessGuard, {
        checkAccessToken: useCases.checkAccessToken,
        renewal: createRenewal(useCases),
        isDue: (claims) =>
          isDue(claims, { nowMs: clock.nowMs(), thresholdSeconds: settings.dueThresholdSeconds }),
        cookie: settings.cookie,
        clock,
        debug,
      })
      addMe(guarded)
      addSessions(guarded, routeDeps)
      addNotices(guarded, routeDeps)
      addChangePassword(guarded, routeDeps)
    },
    { prefix: PREFIX },
  )
  void app.register(async (root: App) => addOauthMetadata(root, routeDeps))
  void app.register(async (oauth: App) => {
    oauth.setErrorHandler(createSendError(deps, sendOauthError))
    await oauth.register(formBodies)
    addOauthToken(oauth, routeDeps)
    addOauthRevocation(oauth, routeDeps)
    addOauthIntrospection(oauth, routeDeps)
  })
  return app
}
