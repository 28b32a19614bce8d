import type { KnownBug } from './known-bug.ts'

const password = (file: string, test: string) => ({
  workspace: 'services/auth-api',
  file: `services/auth-api/src/${file}.ts`,
  project: 'unit' as const,
  test,
})

export const PASSWORDS: readonly KnownBug[] = [
  {
    workspace: 'services/token-store',
    file: 'services/token-store/src/domain/decide-user-revocation.ts',
    project: 'unit',
    test: 'decide-user-revocation',
    name: 'a session that keeps itself undoes an earlier revocation',
    find: ' && session.userVersion === version - 1',
    replace: '',
  },
  {
    ...password('domain/check-session-user', 'access-token'),
    name: 'a change of the own password ends its own session until token-store knows of it',
    find: 'user.version > userVersion && !isKept',
    replace: 'user.version > userVersion',
  },
  {
    ...password('use-cases/passwords/change-password', 'change-password'),
    name: 'a stolen access token guesses the current password without a limit',
    find: 'if (!taken.allowed) {',
    replace: 'if (!taken.allowed && taken.isFirst === undefined) {',
  },
  {
    ...password('adapters/crypto/create-argon2-passwords', 'foreign-hashes'),
    name: 'what is mistyped behind the 72 bytes of bcrypt becomes a part of the password',
    find: ' || password.length <= BCRYPT_BYTES',
    replace: ' || password.length > 0',
  },
  {
    ...password('domain/parse-foreign-hash', 'foreign-hashes'),
    name: 'an imported hash of 256 MiB takes the memory of the process',
    find: 'memoryKib > MOST_MEMORY_KIB ||',
    replace: '',
  },
  {
    ...password('domain/decide-import', 'decide-import'),
    name: 'an import replaces the password that a user has set since',
    find: 'isNewHash && !hasOwnPassword ? fingerprint',
    replace: 'isNewHash ? fingerprint',
  },
]
