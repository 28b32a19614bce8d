import { HEADERS } from '@auto-refresh/contracts'
import { EXPOSE_HEADERS, exposeHeaders } from './expose-headers.ts'
import type { GuardRequest, HeaderField, PendingRenewal } from './guard.ts'
import type { Log } from './log.ts'
import type { DueRequest } from './peek-tokens.ts'
import { toRefreshCookieFields, type RefreshCookieSettings } from './refresh-cookie-fields.ts'
import type { Renewal, RenewResult } from './renewal.ts'

const EXPOSED = [HEADERS.tokenRefreshed, HEADERS.newAccessToken, HEADERS.newRefreshToken]

type Deps<Request extends GuardRequest> = Readonly<{
  renewal: Renewal<Request>
  cookie: RefreshCookieSettings
  clock: { nowMs(): number }
  log: Pick<Log, 'warn'> | undefined
  debug?: ((fields: object, message: string) => void) | undefined
}>

/**
 * Creates the refresh of one request. The new refresh token is in `Set-Cookie` if the old one came
 * by cookie, else in a header.
 */
export function createPendingRenewal<Request extends GuardRequest>(
  due: DueRequest<Request>,
  { renewal, cookie, clock, log, debug }: Deps<Request>,
): PendingRenewal {
  let fields: Promise<readonly HeaderField[]> | undefined

  async function refresh(exposedHeaders: string | undefined): Promise<HeaderField[]> {
    const renewed = await renew()
    debug?.(
      { request_id: due.request.id, session_id: due.sessionId, renewed: renewed.outcome },
      'auto-refresh renewed',
    )
    return renewed.outcome === 'renewed' ? toHeaderFields(renewed, exposedHeaders) : []
  }

  async function renew(): Promise<RenewResult> {
    try {
      return await renewal.renew(due)
    } catch (cause) {
      log?.warn(
        { err: cause, session_id: due.sessionId },
        'Token refresh failed: the response carries no new tokens',
      )
      return { outcome: 'unavailable' }
    }
  }

  function toHeaderFields(
    { accessToken, refreshToken, idleUntilMs }: Extract<RenewResult, { outcome: 'renewed' }>,
    exposedHeaders: string | undefined,
  ): HeaderField[] {
    return [
      [EXPOSE_HEADERS, exposeHeaders(exposedHeaders, EXPOSED)],
      ['cache-control', 'no-store, private'],
      [HEADERS.tokenRefreshed, 'true'],
      [HEADERS.newAccessToken, accessToken],
      ...(due.transport === 'cookie'
        ? toRefreshCookieFields(
            due.request,
            { token: refreshToken, idleUntilMs, nowMs: clock.nowMs() },
            cookie,
          )
        : [[HEADERS.newRefreshToken, refreshToken] as const]),
    ]
  }

  // A handler may answer twice by mistake: whichever head leaves first has the new tokens.
  return ({ exposedHeaders }) => (fields ??= refresh(exposedHeaders))
}
