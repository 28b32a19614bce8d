import type { KnownBug } from './known-bug.ts'

/** Administrators' rights, records of their acts, and erasures. */
export const ADMINISTRATION: readonly KnownBug[] = [
  {
    name: 'an administrator who was demoted keeps the rights of the access token',
    file: 'services/auth-api/src/use-cases/users/check-administrator.ts',
    find: 'if (!roles.includes(user.role))',
    replace: 'if (!roles.includes(access.claims.role))',
    workspace: 'services/auth-api',
    project: 'unit',
    test: 'check-administrator',
  },
  {
    name: 'a stolen session of an administrator writes until the revocation list has it',
    file: 'services/auth-api/src/use-cases/users/check-administrator.ts',
    find: `if (needed === 'write') {`,
    replace: `if (needed !== 'read' && needed !== 'write') {`,
    workspace: 'services/auth-api',
    project: 'unit',
    test: 'check-administrator',
  },
  {
    name: 'an administrator writes with a session that a revocation on its way will end',
    file: 'services/auth-api/src/use-cases/users/check-administrator.ts',
    find: `if (checkSessionUser(user, found.session).outcome !== 'active')`,
    replace: `if (checkSessionUser(user, found.session).outcome === 'user_inactive')`,
    workspace: 'services/auth-api',
    project: 'unit',
    test: 'check-administrator',
  },
  {
    name: 'a stolen access token of an administrator writes without a recent sign-in',
    file: 'services/auth-api/src/use-cases/users/check-administrator.ts',
    find: 'if (!isRecentSignIn(access.claims, clock.nowMs()))',
    replace: 'if (!isRecentSignIn(access.claims, access.claims.auth_time))',
    workspace: 'services/auth-api',
    project: 'unit',
    test: 'check-administrator',
  },
  {
    name: 'an act is recorded after its transaction: a crash leaves no record',
    file: 'services/auth-api/src/adapters/postgres/create-in-user-transaction.ts',
    find: 'record: (act) => recordAdminAct(client, act),',
    replace: 'record: async (act) => void recordAdminAct(pool, act).catch(() => {}),',
    workspace: 'services/auth-api',
    project: 'int',
    test: 'build-administration',
  },
  {
    name: 'an erasure that a crash interrupted is never completed',
    file: 'services/auth-api/src/build-delete-old-records.ts',
    find: 'eraseRecords(pool, limit), signal)',
    replace: 'eraseRecords(pool, limit * 0), signal)',
    workspace: 'services/auth-api',
    project: 'int',
    test: 'build-administration',
  },
]
