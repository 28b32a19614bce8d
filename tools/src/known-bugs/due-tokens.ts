import type { KnownBug } from './known-bug.ts'

const authApi = { workspace: 'services/auth-api', project: 'unit' } as const
const plugin = { workspace: 'packages/fastify-auto-refresh', project: 'unit' } as const
const source = 'services/auth-api/src'

/** Access tokens that are due before they expire: a changed role, a retired key. */
export const DUE_TOKENS_BUGS: readonly KnownBug[] = [
  {
    ...authApi,
    name: 'auth-api takes the role of an access token for granted until it expires',
    file: `${source}/use-cases/sessions/check-access-token.ts`,
    find: 'roleChanges.isStale(claims) ?',
    replace: 'false && roleChanges.isStale(claims) ?',
    test: 'token-status',
  },
  {
    ...plugin,
    name: 'a back end takes the role of an access token for granted until it expires',
    file: 'packages/fastify-auto-refresh/src/auto-refresh.ts',
    find: 'isRoleStale(claims, feed.roleChangeOf(claims.sub))',
    replace: 'isRoleStale(claims, undefined && feed.roleChangeOf(claims.sub))',
    test: 'src/auto-refresh',
  },
  {
    ...plugin,
    name: 'a token that a refresh has just brought is due by the change before it',
    file: 'packages/fastify-auto-refresh/src/is-role-stale.ts',
    find: 'role !== change.role && iat',
    replace: 'iat',
    test: 'is-role-stale',
  },
  {
    ...authApi,
    name: 'a refresh signs the old role from memory while the users cannot be read',
    file: `${source}/adapters/memory/create-known-users.ts`,
    find: 'return { ...state, role: roleChanges.of(sub)?.role ?? role }',
    replace: 'return state',
    test: 'memory',
  },
  {
    ...authApi,
    name: 'a changed role does not change the tag of the feed',
    file: `${source}/adapters/http/routes/add-revocations.ts`,
    find: "${roles === '' ? '' : `~${roles}`}",
    replace: '',
    test: 'back-ends',
  },
  {
    ...authApi,
    name: 'a role is changed and older tokens are not ended',
    file: `${source}/adapters/postgres/role-change-rows.ts`,
    find: 'select id, role, clock_timestamp() from changed',
    replace: 'select id, role, clock_timestamp() from changed where false',
    project: 'int',
    test: 'users',
  },
  {
    ...authApi,
    name: 'a signing key that is deleted by hand makes honest tokens look forged',
    file: `${source}/adapters/jose/create-signing-keys.ts`,
    find: '      await readRetired?.()\n      loaded = await toLoaded(rows)',
    replace: '      loaded = await toLoaded(rows)\n      await readRetired?.()',
    project: 'int',
    test: 'signing-keys',
  },
  {
    ...plugin,
    name: 'a token whose key is retired while it is looked for is called forged',
    file: 'packages/fastify-auto-refresh/src/access-token-verifier.ts',
    find: 'if (key === undefined && isRetiredKey(header.kid))',
    replace: 'if (key === undefined && false)',
    test: 'access-token-verifier',
  },
  {
    ...plugin,
    name: 'a key that is published no longer makes its tokens look forged before the feed has told',
    file: 'packages/fastify-auto-refresh/src/remote/create-remote-keys.ts',
    find: 'const DROPPED_MS = 30_000',
    replace: 'const DROPPED_MS = 0',
    test: 'create-remote-keys',
  },
  {
    ...plugin,
    name: 'the successor of a retired key is called forged where it is not known yet',
    file: 'packages/fastify-auto-refresh/src/remote/create-remote-keys.ts',
    find: 'if (found === undefined && isChanging)\n',
    replace: 'if (found === undefined && false)\n',
    test: 'create-remote-keys',
  },
  {
    ...authApi,
    name: 'a key that was retired before is called unknown',
    file: `${source}/use-cases/signing-keys/key-administration.ts`,
    find: '.find((one) => one.kid === kid)\n      if (before',
    replace: '.find((one) => one.kid === `${kid}?`)\n      if (before',
    test: 'key-administration',
  },
]
