import { API_KEY_SCOPES, type ApiKeyScope } from '@auto-refresh/contracts'
import type { InjectOptions } from 'fastify'
import { SESSION, USER } from './open-test-app.ts'

/** What a caller has: nothing, a key that is not configured, a key with one scope, or a role. */
export type Caller =
  'nothing' | 'unknown key' | ApiKeyScope | `role ${'user' | 'auditor' | 'admin'}`

/** Who may call a route, and a request that succeeds for them. */
type Access = Readonly<{
  allows: readonly Caller[]
  /** the use case refuses the others, not a guard of the route */
  checkedInside?: boolean
}> &
  Pick<InjectOptions, 'url' | 'payload' | 'headers' | 'query'>

export const USERS = ['role user', 'role auditor', 'role admin'] as const
export const CALLERS: readonly Caller[] = ['nothing', 'unknown key', ...API_KEY_SCOPES, ...USERS]

const open = (request: Omit<Access, 'allows'> = {}): Access => ({ allows: CALLERS, ...request })
const forUsers = (request: Omit<Access, 'allows'> = {}): Access => ({ allows: USERS, ...request })
const only = (allows: readonly Caller[], request: Omit<Access, 'allows'> = {}): Access => ({
  allows,
  ...request,
})

/** A form, as OAuth endpoints accept it. */
const form = (payload: string) => ({
  payload,
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
})

const AUTH = '/api/v1/auth'
const ADMIN = '/api/v1/admin'
const READERS = ['admin:read', 'role auditor', 'role admin'] as const
const WRITERS = ['admin:write', 'role admin'] as const
const payload = { refresh_token: 'r1' }
const renewal = {
  refresh_token: 'r1',
  expected_session_id: SESSION,
  client: { address: '203.0.113.9', agent: 'phone' },
}

/**
 * Every route of auth-api, as `METHOD pattern`. A new route needs a row: `open` for everyone,
 * `forUsers` for every access token, `only` for scopes and roles. `:id` is replaced by a valid id.
 */
export const ROUTE_ACCESS: Readonly<Record<string, Access>> = {
  // Users
  [`POST ${AUTH}/token`]: open({ payload: { username: 'ann', password: 'secret words' } }),
  [`POST ${AUTH}/refresh`]: open({ payload }),
  [`POST ${AUTH}/auto-refresh`]: open({ payload }),
  [`POST ${AUTH}/logout`]: open({ payload }),
  [`POST ${AUTH}/logout-all`]: open({ payload }),
  [`GET ${AUTH}/token-status`]: forUsers({ checkedInside: true }),
  ...Object.fromEntries(
    ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].map((name) => [`${name} ${AUTH}/verify`, forUsers()]),
  ),
  [`GET ${AUTH}/me`]: forUsers(),
  [`GET ${AUTH}/sessions`]: forUsers(),
  [`DELETE ${AUTH}/sessions/:id`]: forUsers(),
  [`GET ${AUTH}/notices`]: forUsers(),
  [`DELETE ${AUTH}/notices/:id`]: forUsers(),
  [`POST ${AUTH}/password`]: forUsers({
    payload: { current_password: 'secret words', new_password: 'another horse battery' },
  }),
  // Its use case checks the one-time token: reset-password.test.ts.
  [`POST ${AUTH}/password-reset`]: open({
    payload: { token: 'arp_token', new_password: 'another horse battery' },
  }),

  // Back ends
  [`GET ${AUTH}/revocations`]: only(['revocations:read']),
  [`POST ${AUTH}/renewals`]: only(['tokens:refresh'], { payload: renewal }),
  [`POST ${AUTH}/sessions`]: only(['sessions:create'], {
    payload: { user: { external_id: 'users/1084' }, client: renewal.client },
  }),
  [`POST ${AUTH}/renewals/peek`]: only(['tokens:refresh'], { payload: renewal }),

  // Administrators
  [`GET ${ADMIN}/users`]: only(READERS),
  [`POST ${ADMIN}/users`]: only(WRITERS, { payload: { username: 'bea' } }),
  [`GET ${ADMIN}/users/:id`]: only(READERS),
  [`PATCH ${ADMIN}/users/:id`]: only(WRITERS, { payload: { active: false } }),
  [`DELETE ${ADMIN}/users/:id`]: only(WRITERS),
  [`POST ${ADMIN}/users/:id/password-token`]: only(WRITERS),
  [`GET ${ADMIN}/users/:id/sessions`]: only(READERS),
  [`DELETE ${ADMIN}/users/:id/sessions`]: only(WRITERS),
  [`GET ${ADMIN}/users/:id/timeline`]: only(READERS),
  [`GET ${ADMIN}/sessions/:id/timeline`]: only(READERS),
  [`GET ${ADMIN}/detections`]: only(READERS),
  [`GET ${ADMIN}/sessions/:id`]: only(READERS),
  [`DELETE ${ADMIN}/sessions/:id`]: only(WRITERS),

  // Documents
  'GET /healthz': open(),
  'GET /.well-known/jwks.json': open(),
  'GET /openapi.json': open(),
  'GET /docs': open(),
  'GET /docs/': open(),
  'GET /docs/static/index.html': open(),
  'GET /docs/static/swagger-initializer.js': open(),
  'GET /docs/static/theme/theme.css': open(),
  'GET /docs/static/*': open({ url: '/docs/static/swagger-ui.css' }),
  'GET /docs/json': open(),
  'GET /docs/yaml': open(),

  // OAuth
  'GET /.well-known/oauth-authorization-server': open(),
  'POST /oauth2/token': open(form('grant_type=refresh_token&refresh_token=r1')),
  'POST /oauth2/revoke': open(form('token=r1')),
  'POST /oauth2/introspect': only(['tokens:introspect'], form('token=r1')),
}

/** Replaces the parameters of a pattern. */
export const toUrl = (pattern: string) =>
  pattern.replaceAll(/:(\w+)/g, (_, name: string) => (name === 'userId' ? USER : SESSION))
