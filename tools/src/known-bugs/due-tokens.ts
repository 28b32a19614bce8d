import type { KnownBug } from './known-bug.ts'

const authApi = { workspace: 'services/auth-api', project: 'unit' } as const
const plugin = { workspace: 'packages/fastify-auto-refresh', project: 'unit' } as const
const source = 'services/auth-api/src'

/** Access tokens that are due before they expire: a changed role, a retired key. */
export const DUE_TOKENS_BUGS: readonly KnownBug[] = [
  {
    ...authApi,
    name: 'auth-api takes the role of an access token for granted until it expires',
    file: `${source}/use-cases/check-access-token.ts`,
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
]
