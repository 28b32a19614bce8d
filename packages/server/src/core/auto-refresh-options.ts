import type { DebugLog } from './log.ts'
import type { RefreshCookieSettings } from './refresh-cookie-fields.ts'

/** Options of a back end; see `createAutoRefresh`. */
export type AutoRefreshOptions = Readonly<{
  /** the expected claim `iss`: ISSUER of auth-api */
  issuer: string
  /** the expected claim `aud`: AUDIENCE of auth-api; default `auto-refresh` */
  audience?: string
  /** base URL of auth-api as seen from here, such as `http://auth-api:8000` */
  authApiUrl: string
  /** URL of the public keys; default `/.well-known/jwks.json` at `authApiUrl` */
  jwksUrl?: string
  /**
   * secret of an entry of API_KEYS of auth-api, with the scope `revocations:read`, and
   * `tokens:refresh` unless `refresh` is false
   */
  apiKey: string
  /**
   * whether this back end refreshes tokens; default true. If false, an expired access token is a
   * 401, and the client refreshes
   */
  refresh?: boolean
  /**
   * remaining life in seconds at which an access token is due, at most half its life; default 300
   */
  autoRefreshThreshold?: number
  /**
   * attributes of a refreshed cookie: COOKIE_SECURE, COOKIE_SAMESITE, COOKIE_DOMAIN,
   * COOKIE_PARTITIONED of auth-api
   */
  cookie?: Partial<RefreshCookieSettings>
  /** a pino-shaped logger; default: warnings and errors on the console. It receives no token */
  log?: DebugLog
}>

/** Adds the defaults. Throws a `TypeError` for options that cannot work. */
export function readAutoRefreshOptions(options: AutoRefreshOptions) {
  const { issuer, authApiUrl, apiKey, autoRefreshThreshold = 300 } = options
  for (const [name, value] of Object.entries({ issuer, authApiUrl, apiKey })) {
    if (typeof value !== 'string' || value === '')
      throw new TypeError(`autoRefresh requires the option ${name}`)
  }
  if (!(autoRefreshThreshold >= 0))
    throw new TypeError('autoRefreshThreshold must be a number of seconds, 0 or more')
  const base = authApiUrl.replace(/\/+$/, '')
  const jwksUrl = options.jwksUrl ?? `${base}/.well-known/jwks.json`
  for (const url of [base, jwksUrl])
    if (!/^https?:$/.test(URL.canParse(url) ? new URL(url).protocol : ''))
      throw new TypeError('authApiUrl and jwksUrl must be http(s) URLs')
  const cookie: RefreshCookieSettings = { secure: 'auto', sameSite: 'lax', ...options.cookie }
  const { audience = 'auto-refresh', refresh = true } = options
  return { issuer, audience, base, jwksUrl, apiKey, refresh, autoRefreshThreshold, cookie }
}
