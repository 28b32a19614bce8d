import type { KnownBug } from './known-bug.ts'

const client = (file: string, test: string) =>
  ({
    workspace: 'packages/client',
    file: `packages/client/src/${file}`,
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
const binding = client('storage/bind-storage.ts', 'bind-storage')

export const CLIENTS: readonly KnownBug[] = [
  {
    ...binding,
    name: 'a second server on one origin is sent the tokens of the first',
    find: `if (!noted.startsWith('?')) return undefined`,
    replace: `if (!noted.startsWith('?')) return noted`,
  },
  {
    ...binding,
    name: 'an upgrade returns a pair to every server that reads it',
    find: 'ignoreFailure(() => void main.save(claimed))',
    replace: 'ignoreFailure(() => claimed)',
  },
  {
    ...binding,
    name: 'a sign-in to a second server overwrites the session of the first',
    find: 'slot && (inSlot || isForeign) ? slot : main',
    replace: 'main',
  },
  {
    ...client('storage/area-storage.ts', 'bind-storage'),
    name: 'a tab reads the pair that another server is storing',
    find: 'if (!isNamed && ',
    replace: 'if (isNamed === null && ',
  },
  {
    ...client('attach-auto-refresh.ts', 'attach-auto-refresh'),
    name: 'a retried axios request keeps the old token',
    find: 'Object.assign(error as Failed, { config })',
    replace: 'error as Failed',
  },
  {
    ...client('attach-auto-refresh.ts', 'attach-auto-refresh'),
    name: 'a repeated axios request is transformed twice',
    find: 'transformRequest: [],\n',
    replace: '',
  },
  {
    ...client('attach-auto-refresh.ts', 'attach-auto-refresh'),
    name: 'an axios request outlives its own timeout while a refresh is retried',
    find: 'timeout ? performance.now() + timeout : undefined',
    replace: 'timeout ? performance.now() + 60_000 : undefined',
  },
  {
    ...client('auth-api.ts', 'token-manager'),
    name: 'Retry-After as a date is ignored',
    find: 'Number(value) || (Date.parse(value) - nowMs) / 1000',
    replace: 'Number(value) - nowMs * 0',
  },
  {
    ...client('create-renewal.ts', 'token-manager'),
    name: 'a manager that was disposed of and used again does not refresh (React StrictMode)',
    find: '    closing = undefined\n',
    replace: '',
  },
  {
    ...client('create-refresher.ts', 'token-manager'),
    name: 'a refresh needs crypto.getRandomValues, which React Native lacks',
    find: 'globalThis.crypto?.getRandomValues(words) ?? words',
    replace: 'crypto.getRandomValues(words)',
  },
  {
    ...client('url.ts', 'token-manager'),
    name: 'a URL class that appends a slash changes the requested URL',
    find: 'if (/^[a-z][\\w+.-]*:/i.test(url)) return url',
    replace: 'if (url === base()) return url',
  },
  {
    ...plugin('fastify/guard-scope.ts', 'auto-refresh'),
    name: 'a back end that has @fastify/jwt cannot register the plugin',
    find: 'if (!app.hasRequestDecorator(decorator)) {',
    replace: '{',
  },
  {
    ...plugin('fastify/user-of.ts', 'access-guard'),
    name: 'reading the user in a log serializer ends the process',
    find: 'users.get(request) ?? null',
    replace: 'users.get(request) ?? (() => { throw new TypeError() })()',
  },
  {
    ...plugin('core/create-auto-refresh.ts', 'auto-refresh'),
    name: 'a wrong issuer in the options signs every user out',
    find: `if (verified.outcome === 'invalid') await checkSettings(token)`,
    replace: 'checkSettings',
  },
  {
    ...plugin('fastify/require-role.ts', 'auto-refresh'),
    name: 'a role is taken from what another plugin wrote to request.user',
    find: 'userOf(request)?.role',
    replace: '(request.user ?? userOf(request)).role',
  },
  {
    ...plugin('core/create-guard.ts', 'create-guard'),
    name: 'an expired token on a route with an optional user is anonymous, and the client never refreshes',
    find: "access.outcome === 'missing' && requirement",
    replace: "access.outcome !== 'valid' && requirement",
  },
  {
    ...plugin('fastify/guard-scope.ts', 'guard-scope'),
    name: 'a scope whose registration does not name its users is open',
    find: "user: ofScope = 'required'",
    replace: "user: ofScope = 'none'",
  },
  {
    ...plugin('core/parse-jws-header.ts', 'create-access-token-verifier'),
    name: 'after one good token every header is accepted',
    find: 'if (header === accepted?.header)',
    replace: 'if (accepted !== undefined)',
  },
  {
    ...plugin('fetch/carry-new-tokens.ts', 'fetch/auto-refresh'),
    name: 'a response of fetch, whose headers are immutable, costs the new tokens',
    find: 'isImmutable(response) ? new Response(response.body, response) : response',
    replace: 'response',
  },
  {
    ...plugin('fetch/carry-new-tokens.ts', 'fetch/auto-refresh'),
    name: 'a proxy of Next.js spends the refresh token before the status is known',
    find: ' || isUndecided(response)',
    replace: '',
  },
  {
    ...plugin('fetch/to-guard-request.ts', 'fetch/auto-refresh'),
    name: 'two Authorization headers, joined by the Request, count as one',
    find: 'const comma = JOINED[name]',
    replace: 'const comma = name in {} ? JOINED[name] : undefined',
  },
]
