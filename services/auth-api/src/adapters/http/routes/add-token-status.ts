import { TokenStatusData } from '@auto-refresh/contracts'
import { readBearerToken } from '@auto-refresh/server/core'
import { toUtc } from './to-utc.ts'
import { responses, UNAUTHENTICATED } from './responses.ts'
import { BY_ACCESS_TOKEN, type App, type RouteDeps } from './route.ts'

/** Adds `/token-status`. */
export function addTokenStatus(app: App, { useCases }: RouteDeps): void {
  const schema = {
    tags: ['tokens'],
    operationId: 'getTokenStatus',
    summary: 'Get the state of the access token',
    response: { ...responses(TokenStatusData), ...UNAUTHENTICATED },
    security: BY_ACCESS_TOKEN,
  }

  app.get('/token-status', { schema }, async (request) => {
    const { valid, needsRefresh, secondsLeft, expiresAtMs, ...rest } =
      await useCases.getTokenStatus({ accessToken: readBearerToken(request) })
    return {
      status: 200,
      message: 'Token status retrieved successfully',
      data: {
        valid,
        needs_refresh: needsRefresh,
        time_until_expiry: secondsLeft,
        expires_at: toUtc(expiresAtMs),
        ...rest,
      },
    }
  })
}
