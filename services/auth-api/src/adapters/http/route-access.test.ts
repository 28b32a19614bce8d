import { API_KEY_SCOPES, type ApiKey } from '@auto-refresh/contracts'
import { expect, test } from 'vitest'
import { openTestApp } from '../../testing/open-test-app.ts'
import { CALLERS, ROUTE_ACCESS, toUrl, USERS, type Caller } from '../../testing/route-access.ts'

const secretOf = (scope: string) => `secret of the key with ${scope}`
const apiKeys = API_KEY_SCOPES.map((scope): ApiKey => ({
  name: scope.replace(':', '-'),
  scopes: [scope],
  secret: secretOf(scope),
}))
const TOKENS: Partial<Record<Caller, string>> = {
  'unknown key': secretOf('everything'),
  'role user': 'live',
  'role auditor': 'live-auditor',
  'role admin': 'live-admin',
}
const headersOf = (caller: Caller) =>
  caller === 'nothing' ? {} : { authorization: `Bearer ${TOKENS[caller] ?? secretOf(caller)}` }

async function openApp() {
  const routes: { method: string; pattern: string; security: readonly object[] }[] = []
  const opened = openTestApp({ settings: { apiKeys } })
  opened.app.addHook('onRoute', ({ method, url: pattern, schema }) => {
    const { security = [] } = schema ?? {}
    for (const name of [method].flat()) routes.push({ method: name, pattern, security })
  })
  await opened.app.ready()
  return { ...opened, routes }
}
const { app, calls, routes } = await openApp()
/** A HEAD is a GET without its body; OPTIONS are preflights, which carry no credential. */
const ROUTES = routes
  .filter(({ method }) => method !== 'OPTIONS')
  .map(({ method, pattern, security }) => ({
    method,
    pattern,
    security,
    row: `${method === 'HEAD' ? 'GET' : method} ${pattern}`,
  }))

test('every route of the running app has a row in ROUTE_ACCESS, and every row has its route', () => {
  expect(Object.keys(ROUTE_ACCESS).toSorted()).toEqual(
    [...new Set(ROUTES.map(({ row }) => row))].toSorted(),
  )
})

test.each(ROUTES.filter(({ row }) => ROUTE_ACCESS[row]?.allows !== CALLERS))(
  'the API reference names the scopes of $method $pattern, and access tokens if users may call',
  ({ row, security }) => {
    const allows = ROUTE_ACCESS[row]?.allows ?? []
    const named = security.flatMap((one) =>
      Object.entries(one).flatMap(([scheme, scopes]) =>
        scheme === 'apiKey' ? (scopes as string[]) : [scheme],
      ),
    )
    expect(new Set(named)).toEqual(
      new Set([
        ...API_KEY_SCOPES.filter((scope) => allows.includes(scope)),
        ...(USERS.some((user) => allows.includes(user)) ? ['accessToken'] : []),
        ...(row.endsWith('/verify') ? ['accessTokenCookie', 'refreshTokenCookie'] : []),
      ]),
    )
  },
)

test.each(ROUTES)(
  '$method $pattern serves whom its row allows',
  async ({ method, pattern, row }) => {
    const {
      checkedInside = false,
      url = toUrl(pattern),
      ...request
    } = ROUTE_ACCESS[row] ?? {
      allows: [],
    }
    const allows = checkedInside ? CALLERS : request.allows
    const seen: Record<string, string> = {}
    for (const caller of CALLERS) {
      calls.length = 0
      const headers = { ...request.headers, ...headersOf(caller) }
      const { statusCode } = await app.inject({ ...request, method: method as 'GET', url, headers })
      seen[caller] = toOutcome(statusCode, calls.length)
    }
    expect(seen).toEqual(
      Object.fromEntries(
        CALLERS.map((caller) => [caller, allows.includes(caller) ? 'served' : 'refused']),
      ),
    )
  },
)

function toOutcome(statusCode: number, useCases: number): string {
  if (statusCode < 400) return 'served'
  return [401, 403].includes(statusCode) && useCases === 0
    ? 'refused'
    : `${statusCode} after ${useCases} use cases`
}
