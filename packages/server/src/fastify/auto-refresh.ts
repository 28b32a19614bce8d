import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { CodedError, type AccessTokenClaims } from '@auto-refresh/contracts'
import type { FastifyPluginAsync } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { accessGuard, type AccessTokenCheck } from './access-guard.ts'
import { createAccessTokenVerifier } from '../core/create-access-token-verifier.ts'
import { createSharedClock } from '../core/shared-clock.ts'
import { reportOffset } from '../core/report-offset.ts'
import { createRefuse } from './create-refuse.ts'
import { createSettingsCheck } from '../core/create-settings-check.ts'
import { isDue } from '../core/is-due.ts'
import { isRoleStale } from '../core/is-role-stale.ts'
import type { RefreshCookieSettings } from './refresh-cookie.ts'
import { callAuthApi } from '../core/remote/call-auth-api.ts'
import { createHttpRenewal } from '../core/remote/create-http-renewal.ts'
import { createRemoteKeys } from '../core/remote/create-remote-keys.ts'
import { createRevocationFeed } from '../core/remote/create-revocation-feed.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** In the scope where the plugin is registered, and below it. */
    readonly autoRefresh: Readonly<{
      /** Whether keys and revocations have been read once; until then every request gets a 503. */
      isReady(): boolean
      /**
       * Age of the revocation list in seconds, including auth-api's own delay. Above 5, revoked
       * access tokens may still be accepted.
       */
      feedAgeSeconds(): number
    }>
  }
}

/** Options of `autoRefresh`. */
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
  /** property of the request that holds the user; default `user` */
  decorator?: string
}>

/**
 * `listen` waits this long for keys and revocations, so that a start together with auth-api causes
 * no 503.
 */
const READY_WAIT_MS = 5000

/**
 * Guards the routes of the scope in which it is registered, for back ends other than auth-api.
 * Access tokens are verified here, offline, and checked against auth-api's revocations, which are
 * read every second. auth-api refreshes tokens that are due. While auth-api is unavailable, live
 * access tokens are accepted and expired ones get a 503.
 */
const plugin: FastifyPluginAsync<AutoRefreshOptions> = async (app, options) => {
  const {
    issuer,
    audience = 'auto-refresh',
    authApiUrl,
    apiKey,
    refresh = true,
    autoRefreshThreshold = 300,
  } = options
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

  const elapsedMs = () => performance.now()
  const clock = reportOffset(createSharedClock({ wallMs: () => Date.now(), elapsedMs }), app.log)
  const keys = createRemoteKeys({ url: jwksUrl, callAuthApi, elapsedMs, log: app.log })
  const feed = createRevocationFeed({
    url: `${base}/api/v1/auth/revocations`,
    key: apiKey,
    callAuthApi,
    elapsedMs,
    log: app.log,
    clock,
    onRetired: keys.expectChange,
  })
  const verify = createAccessTokenVerifier({
    findKey: keys.find,
    isRetiredKey: feed.isRetiredKey,
    issuer,
    audience,
    clock,
  })
  const checkSettings = createSettingsCheck({
    findKey: keys.find,
    settings: { issuer, audience },
    clock,
    log: app.log,
  })
  let isReady = false
  const ready = Promise.all([keys.read, feed.read]).then(() => (isReady = true))

  app.decorate('autoRefresh', { isReady: () => isReady, feedAgeSeconds: () => feed.ageMs() / 1000 })
  app.addHook('onReady', async () => {
    keys.start()
    feed.start()
    await Promise.race([ready, pause(READY_WAIT_MS, undefined, { ref: false })])
  })
  app.addHook('onClose', async () => {
    await Promise.all([keys.stop(), feed.stop()])
  })

  await app.register(accessGuard, {
    checkAccessToken,
    renewal: refresh
      ? createHttpRenewal({
          url: `${base}/api/v1/auth/renewals`,
          key: apiKey,
          callAuthApi,
          createId: randomUUID,
          nowMs: clock.nowMs,
          elapsedMs,
          isUnavailable: feed.isUnavailable,
          log: app.log,
        })
      : undefined,
    isDue: (claims: AccessTokenClaims) =>
      isDue(claims, {
        nowMs: clock.nowMs(),
        thresholdSeconds: Math.min(autoRefreshThreshold, (claims.exp - claims.iat) / 2),
      }),
    refuse: createRefuse(clock),
    decorator: options.decorator,
    cookie: { secure: 'auto', sameSite: 'lax', ...options.cookie },
    clock,
    debug: (fields, message) => app.log.debug(fields, message),
  })

  async function checkAccessToken(token: string | undefined): Promise<AccessTokenCheck> {
    if (token === undefined) return { outcome: 'missing' }
    if (!isReady)
      throw new CodedError('unavailable', {
        cause: new Error('Keys and revocations have not been read from auth-api yet'),
      })
    const verified = await verify(token)
    if (verified.outcome === 'invalid') await checkSettings(token)
    if (!('claims' in verified)) return verified
    const { claims } = verified
    if (feed.isRevoked(claims.sid)) return { outcome: 'revoked', claims }
    return isRoleStale(claims, feed.roleChangeOf(claims.sub))
      ? { outcome: 'expired', claims }
      : verified
  }
}

/** The Fastify plugin; register it in the scope whose routes need a signed-in user. */
export const autoRefresh = fastifyPlugin(plugin, {
  name: '@auto-refresh/server/fastify',
  fastify: '5.x',
})
