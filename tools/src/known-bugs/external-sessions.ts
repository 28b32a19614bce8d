import type { KnownBug } from './known-bug.ts'

const signIn = (file: string) =>
  ({
    workspace: 'services/auth-api',
    file: `services/auth-api/src/use-cases/sign-in/${file}`,
    project: 'unit',
    test: 'open-external-session',
  }) as const

/** Bugs in sessions of users whom another system authenticates. */
export const EXTERNAL_SESSIONS: readonly KnownBug[] = [
  {
    ...signIn('open-external-session.ts'),
    name: 'a sign-in elsewhere makes an address familiar for the local user of that name',
    find: 'hashUsername(toExternalKey(given.externalId))',
    replace: 'hashUsername(given.username ?? given.externalId)',
  },
  {
    ...signIn('open-external-session.ts'),
    name: 'a key that opens sessions makes administrators',
    find: 'protectedRoles.includes(given.role))',
    replace: 'protectedRoles.includes(`not ${given.role}`))',
  },
  {
    ...signIn('open-session.ts'),
    name: 'a disabled user signs in elsewhere',
    find: 'if (!user.active) {',
    replace: 'if (user.version < 1) {',
  },
  {
    workspace: 'packages/server',
    file: 'packages/server/src/core/parse-jws-header.ts',
    name: 'a user with many claims is signed out, because the token is too long',
    find: 'const MAX_LENGTH = 8192',
    replace: 'const MAX_LENGTH = 4096',
    project: 'unit',
    test: 'create-access-token-verifier',
  },
]
