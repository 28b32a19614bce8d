import type { KnownBug } from './known-bug.ts'

export const CLOCKS_AND_KEYS_BUGS: readonly KnownBug[] = [
  {
    name: 'a start with another key under a known kid logs everybody out',
    workspace: 'services/token-store',
    file: 'services/token-store/src/check-refresh-token-keys.ts',
    find: 'if (changed.length === 0) return',
    replace: 'if (changed.length >= 0) return',
    project: 'int',
    test: 'key-changes',
  },
  {
    name: 'a start with a wrong key stores its proof',
    workspace: 'packages/postgres',
    file: 'packages/postgres/src/find-changed-keys.ts',
    find: 'if (rows.length > 0) throw new ChangedKeys(rows.map(({ name }) => name))',
    replace: '',
    project: 'int',
    test: 'find-changed-keys',
  },
  {
    name: 'a wrong encryption key fails in the words of the cipher',
    workspace: 'services/auth-api',
    file: 'services/auth-api/src/adapters/crypto/create-key-vault.ts',
    find: '} catch {',
    replace: '} catch (error) {\n        if (error !== undefined) throw error',
    project: 'int',
    test: 'check-auth-api-keys',
  },
  {
    name: 'standalone makes new keys for an old database',
    workspace: 'services/standalone',
    file: 'services/standalone/src/generated-keys.ts',
    find: 'if (lost.length > 0) {',
    replace: 'if (lost.length > 99) {',
    project: 'int',
    test: 'generated-keys',
  },
]
