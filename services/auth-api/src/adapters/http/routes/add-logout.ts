import { RefreshBody } from '@auto-refresh/contracts'
import { readBearerToken } from '@auto-refresh/server/core'
import { clearRefreshCookie } from '@auto-refresh/server/fastify'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { SessionProof } from '../../../use-cases/sessions/find-proven-session.ts'
import { clearAccessCookies } from '../request/access-cookie.ts'
import { readProvenRefreshToken } from '../request/read-proven-refresh-token.ts'
import { toRequestContext } from '../request/request-context.ts'
import { LOGOUT_HEADERS, nothing, NothingData, userResponses } from './responses.ts'
import { CSRF_HEADER, WITH_ACCESS_TOKEN_TOO, type App, type RouteDeps } from './route.ts'

/** Adds `/logout` and `/logout-all`. */
export function addLogout(app: App, { useCases, settings, requireCsrfProof }: RouteDeps): void {
  const headers = Type.Object(CSRF_HEADER)
  const schema = {
    tags: ['sessions'],
    headers,
    body: RefreshBody,
    response: userResponses(NothingData, LOGOUT_HEADERS),
    security: WITH_ACCESS_TOKEN_TOO,
  }

  const end =
    (signOut: (proof: SessionProof) => Promise<void>) =>
    async (request: FastifyRequest<{ Body: RefreshBody }>, reply: FastifyReply) => {
      const accessToken = readBearerToken(request)
      // A foreign page cannot set the bearer header, so it also proves the cookie.
      const requireProof = accessToken === undefined ? requireCsrfProof : () => {}
      const presented = await readProvenRefreshToken(request, {
        useCases,
        requireCsrfProof: requireProof,
      })
      await signOut({
        accessToken,
        refreshToken: presented?.token,
        context: toRequestContext(request),
      })
      if (presented?.transport === 'cookie') clearRefreshCookie(reply, settings.cookie)
      clearAccessCookies(reply, settings.cookie)
      return nothing('Logged out successfully')
    }

  app.post(
    '/logout',
    { schema: { ...schema, operationId: 'logout', summary: 'End this session' } },
    end(useCases.signOut),
  )
  app.post(
    '/logout-all',
    { schema: { ...schema, operationId: 'logoutAll', summary: 'End all sessions of the user' } },
    end(useCases.signOutEverywhere),
  )
}
