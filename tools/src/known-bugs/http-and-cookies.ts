import type { KnownBug } from './known-bug.ts'

const authApi = (file: string, test: string) =>
  ({
    workspace: 'services/auth-api',
    file: `services/auth-api/src/${file}`,
    project: 'unit',
    test,
  }) as const
const plugin = (file: string, test: string) =>
  ({
    workspace: 'packages/server',
    file: `packages/server/src/${file}`,
    project: 'unit',
    test,
  }) as const

export const HTTP_AND_COOKIES: readonly KnownBug[] = [
  {
    ...authApi('use-cases/refresh/choose-refresh-token.ts', 'choose-refresh-token'),
    name: 'a planted cookie of a newer session signs the user in as another user',
    find: 'isNamed(a) - isNamed(b) ||\n    RANKS',
    replace: 'RANKS',
  },
  {
    ...authApi('use-cases/refresh/choose-refresh-token.ts', 'choose-refresh-token'),
    name: 'of two generations of a session in two cookies the superseded one is presented',
    find: ' ||\n    generationRank(a) - generationRank(b)',
    replace: '',
  },
  {
    ...plugin('core/read-refresh-token.ts', 'read-refresh-token'),
    name: 'a cookie that a sibling host can set counts beside a __Host- one',
    find: 'host.length > 0 ? host : plain',
    replace: '[...plain, ...host]',
  },
  {
    ...plugin('core/refresh-cookie-fields.ts', 'refresh-cookie-fields'),
    name: 'after a change of COOKIE_DOMAIN the browser keeps two refresh cookies',
    find: '...findStaleVariants(request, settings).map((stale) => toField(stale, CLEARED)),',
    replace: '',
  },
  {
    ...plugin('core/peek-tokens.ts', 'access-guard'),
    name: 'a superseded cookie beside the current one is an alarm',
    find: 'RANKS[next.peeked.outcome] < RANKS[first.peeked.outcome] ? next : first',
    replace: 'first',
  },
  {
    ...plugin('core/find-subrequest-header.ts', 'find-subrequest-header'),
    name: 'a pair is refreshed on an authentication subrequest of nginx and lost',
    find: '!isThisRequest(toPath(String(headers[name])))',
    replace: 'false',
  },
  {
    ...plugin('core/find-subrequest-header.ts', 'find-subrequest-header'),
    name: 'a proxy that sends the path with every request disables all refreshes',
    find: '!isThisRequest(toPath(String(headers[name])))',
    replace: 'true',
  },
  {
    ...plugin('core/find-subrequest-header.ts', 'find-subrequest-header'),
    name: 'a guarded / takes a subrequest about a path with a trailing slash for an ordinary request',
    find: "path === '/' ? target === '/' || isPrefix(prefix, target) : target.endsWith(path)",
    replace: 'target.endsWith(path)',
  },
  {
    ...authApi('adapters/http/routes/create-authenticate.ts', 'verify'),
    name: 'forward-auth refreshes although the proxy drops the new cookies',
    find: "refresh === 'cookie' ? readRefreshCookies(request) : []",
    replace: 'readRefreshCookies(request)',
  },
  {
    ...authApi('adapters/http/routes/create-authenticate.ts', 'verify'),
    name: 'a POST of a foreign page passes forward-auth with the cookies of its visitor',
    find: '      requireOwnPage(request)\n',
    replace: '      void requireOwnPage\n',
  },
  {
    ...authApi('adapters/http/routes/add-verify.ts', 'verify'),
    name: 'a script reads the HttpOnly refresh cookie from a header of forward-auth',
    find: 'reply.request.headers[HEADERS.repeatCookies] !== undefined',
    replace: 'true',
  },
  {
    ...authApi('adapters/http/routes/add-verify.ts', 'verify'),
    name: 'a proxy passes a name on as identity, and names change their owner',
    find: '[HEADERS.authUser]: sub',
    replace: '[HEADERS.authUser]: username',
  },
  {
    ...authApi('use-cases/refresh/refresh-for-proxy.ts', 'refresh-for-proxy'),
    name: 'each of the hundred requests of a page refreshes, and the limit refuses the rest',
    find: 'running.get(key) ?? run(request)',
    replace: 'run(request)',
  },
  {
    ...authApi('adapters/http/request/normalize-address.ts', 'request-context'),
    name: 'addresses with a port are unknown, and all users share one limit',
    find: 'WITH_PORT.exec(trimmed) ?? []',
    replace: '[]',
  },
  {
    ...authApi('adapters/http/request/request-context.ts', 'request-context'),
    name: 'a value of X-Forwarded-For that is no address is a limit that all share',
    find: '.findLast((address) => toPlace(address) !== UNKNOWN)',
    replace: '.at(-1)',
  },
  {
    ...authApi('adapters/http/plugins/json-bodies.ts', 'transports'),
    name: 'a POST without a body but with a content type is a 415',
    find: "delete headers['content-type']",
    replace: 'requireJson(headers)',
  },
  {
    ...authApi('adapters/http/errors/create-client-error-handler.ts', 'raw-sockets'),
    project: 'int',
    name: 'a slow request is answered as a malformed one',
    find: "  ['ERR_HTTP_REQUEST_TIMEOUT', 'request_incomplete'],\n",
    replace: '',
  },
  {
    ...authApi('adapters/http/errors/create-client-error-handler.ts', 'raw-sockets'),
    project: 'int',
    name: 'an idle connection receives a response that its next request takes for its own',
    find: ' || socket.bytesRead === 0',
    replace: '',
  },
  {
    ...authApi('use-cases/sessions/find-live-session.ts', 'sign-out'),
    name: 'an expired access token logs the user out everywhere',
    find: "if (check.outcome === 'valid' && session?.active === true) return",
    replace: 'if (session?.active === true) return',
  },
  {
    ...authApi('use-cases/sessions/find-live-session.ts', 'sign-out'),
    name: 'a superseded refresh token logs the user out everywhere',
    find: "if (peeked.outcome === 'rate_limited') {",
    replace: "if (peeked.outcome === 'rate_limited' || peeked.outcome === 'reused') {",
  },
  {
    ...authApi('use-cases/sessions/sign-out-everywhere.ts', 'sign-out'),
    name: 'a logout everywhere whose answer was lost is refused when it is repeated',
    find: ' && !(await hasEnded(session))',
    replace: '',
  },
  {
    workspace: 'services/auth-api',
    file: 'services/auth-api/src/adapters/crypto/create-device-proofs.ts',
    project: 'unit',
    test: 'crypto',
    name: 'the proof of a known device never ends',
    find: 'today() - Number(day) > KNOWN_DEVICE_DAYS',
    replace: 'today() - Number(day) > Infinity',
  },
  {
    workspace: 'services/auth-api',
    file: 'services/auth-api/src/adapters/crypto/create-device-proofs.ts',
    project: 'unit',
    test: 'crypto',
    name: 'a proof of one user is cut into a proof of another',
    find: String.raw`/^([\w-]{22})\.(\d{1,8})\.([\w-]{43})$/`,
    replace: String.raw`/^([^.]+)\.([^.]+)\.([^.]+)$/`,
  },
  {
    name: 'an API key may do everything that any key may do',
    workspace: 'packages/service-kit',
    file: 'packages/service-kit/src/http/api-keys.ts',
    find: "if (!key.scopes.includes(scope)) throw new CodedError('insufficient_scope')",
    replace: '',
    project: 'unit',
    test: 'api-keys',
  },
  {
    name: 'a route for back ends asks for no API key',
    workspace: 'services/auth-api',
    file: 'services/auth-api/src/adapters/http/routes/add-renewals.ts',
    find: '{ schema: peek, onRequest }',
    replace: '{ schema: peek }',
    project: 'unit',
    test: 'route-access',
  },
]
