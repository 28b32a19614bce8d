import type { AccessTokenClaims } from '@auto-refresh/contracts'
import type { TokenPair } from '../domain/token-pair.ts'
import type { AccessTokenCheck } from '../ports/access-tokens.ts'
import { anAdministration } from './an-administration.ts'
import { buildHttp } from '../adapters/http/build-http.ts'
import type { HttpDeps, HttpSettings, UseCases } from '../adapters/http/http-deps.ts'

export const NOW_SECONDS = 1_800_000_000
export const USER = '0198c1a0-0000-7000-8000-000000000001'
export const SESSION = '0198c1a0-0000-7000-8000-000000000002'
export const PAIR: TokenPair = {
  accessToken: 'access-1',
  refreshToken: 'refresh-1',
  expiresInSeconds: 1800,
  sessionId: SESSION,
  idleUntilMs: (NOW_SECONDS + 604_800) * 1000,
}

const claims: AccessTokenClaims = {
  iss: 'http://localhost:8000',
  sub: USER,
  aud: 'auto-refresh',
  exp: NOW_SECONDS + 1800,
  iat: NOW_SECONDS,
  jti: 'j',
  client_id: 'first-party',
  sid: SESSION,
  username: 'ann',
  role: 'user',
  auth_time: NOW_SECONDS - 60,
  session_exp: NOW_SECONDS + 86_400,
}
/** The checks of access tokens, by token. */
const CHECKS: Record<string, AccessTokenCheck> = {
  live: { outcome: 'valid', claims },
  'live-auditor': { outcome: 'valid', claims: { ...claims, role: 'auditor' } },
  'live-admin': { outcome: 'valid', claims: { ...claims, role: 'admin' } },
  due: { outcome: 'valid', claims: { ...claims, exp: NOW_SECONDS + 60 } },
  expired: { outcome: 'expired', claims: { ...claims, exp: NOW_SECONDS - 60 } },
  revoked: { outcome: 'revoked', claims },
}

/**
 * Opens the HTTP side over use cases that succeed by default. `calls` has their requests.
 */
export function openTestApp({
  useCases = {},
  settings = {},
  random = () => 0.5,
  revocationFeed,
  administration = anAdministration().administration,
}: {
  useCases?: Partial<UseCases>
  settings?: Partial<HttpSettings>
  random?: HttpDeps['random']
  revocationFeed?: HttpDeps['revocationFeed']
  administration?: HttpDeps['administration']
} = {}) {
  const calls: { name: string; request: unknown }[] = []
  const lines: { level: string; fields: object; message: string }[] = []
  const observed: object[] = []
  const zeroed: object[] = []
  const line = (level: string) => (fields: object, message: string) =>
    void lines.push({ level, fields, message })
  const granted = { outcome: 'rotated', pair: PAIR } as const
  const fakes: UseCases = {
    isSignInShed: () => false,
    signIn: async () => ({
      outcome: 'signed_in',
      pair: PAIR,
      user: { id: USER, username: 'ann', role: 'user' },
      deviceProof: 'id.mac',
    }),
    openExternalSession: async () => ({ outcome: 'opened', pair: PAIR }),
    refresh: async () => granted,
    autoRefresh: async () => granted,
    peekRefresh: async () => ({ outcome: 'would_renew', user: { username: 'ann', role: 'user' } }),
    refreshForProxy: async () => granted,
    chooseRefreshToken: async ({ refreshTokens }) => refreshTokens.at(-1) ?? '',
    signOut: async () => undefined,
    signOutEverywhere: async () => undefined,
    getTokenStatus: async () => ({
      valid: true,
      needsRefresh: false,
      secondsLeft: 1200,
      expiresAtMs: Date.UTC(2026, 0, 1, 12),
      username: 'ann',
      role: 'user',
    }),
    listSessions: async () => [],
    endSession: async () => ({ outcome: 'ended' }),
    introspect: async () => ({ outcome: 'inactive' }),
    exchangeToken: async () => ({ outcome: 'opened', pair: PAIR }),
    listNotices: async () => [],
    dismissNotice: async () => ({ outcome: 'dismissed' }),
    changePassword: async () => ({ outcome: 'changed' }),
    resetPassword: async () => ({ outcome: 'changed' }),
    createPasswordToken: async () => ({
      outcome: 'created',
      token: 'arp_token',
      expiresAtMs: NOW_SECONDS * 1000,
    }),
    checkAccessToken: async (token) =>
      token === undefined ? { outcome: 'missing' } : (CHECKS[token] ?? { outcome: 'invalid' }),
    jwks: () => ({
      keys: [{ kty: 'EC', crv: 'P-256', kid: 'key-1', alg: 'ES256', use: 'sig', x: 'x', y: 'y' }],
    }),
    ...useCases,
  }
  const recorded = Object.fromEntries(
    Object.entries(fakes).map(
      ([name, run]: [string, ((request: never) => unknown) | undefined]) => [
        name,
        run &&
          ((request: never) => {
            if (!['checkAccessToken', 'jwks', 'isSignInShed'].includes(name))
              calls.push({ name, request })
            return run(request)
          }),
      ],
    ),
  )

  let ids = 0
  const app = buildHttp({
    useCases: { ...fakes, ...recorded },
    administration,
    revocationFeed: revocationFeed ?? {
      tag: () => 'tag-1',
      whole: () => [{ sessionId: SESSION, expiresInSeconds: 1860 }],
      since: () => undefined,
      asOfMs: () => undefined,
      feedAgeMs: () => 7900,
      retiredKids: () => [],
      roleChanges: { list: () => [], tag: () => '' },
    },
    settings: {
      issuer: 'http://localhost:8000',
      audience: 'auto-refresh',
      dueThresholdSeconds: 300,
      allowedOrigins: [],
      trustedProxies: [],
      cookie: { secure: 'auto', sameSite: 'lax' },
      apiKeys: [],
      standalone: false,
      allowedHosts: [],
      ...settings,
    },
    clock: { nowMs: () => NOW_SECONDS * 1000 },
    createId: () => `id-${(ids += 1)}`,
    random,
    log: { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') },
    metrics: {
      httpRequestDuration: {
        observe: (labels: object) => void observed.push(labels),
        zero: (labels: object) => void zeroed.push(labels),
      },
    },
  })
  return { app, calls, lines, observed, zeroed }
}

const opened = new Map<string, ReturnType<typeof openTestApp>>()

/**
 * Returns one application for all cases with the same settings, with empty records.
 */
export function reuseTestApp(settings: Partial<HttpSettings> = {}) {
  const key = JSON.stringify(settings)
  const reused = opened.get(key) ?? openTestApp({ settings })
  opened.set(key, reused)
  reused.calls.length = 0
  reused.lines.length = 0
  return reused
}
