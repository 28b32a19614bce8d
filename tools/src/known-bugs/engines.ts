import type { KnownBug } from './known-bug.ts'

const postgres = (file: string, test: string) =>
  ({
    workspace: 'packages/service-kit',
    file: `packages/service-kit/src/postgres/${file}`,
    project: 'int',
    test,
  }) as const

export const ENGINES: readonly KnownBug[] = [
  {
    ...postgres('type-parsers.ts', 'server-settings'),
    name: 'a time in the DateStyle of the server counts as 1970, and every session has expired',
    find: 'const ms = isTime ? Number(toDate(text)) : NaN',
    replace: 'const ms = Number(toDate(text) || isTime)',
  },
  {
    ...postgres('apply-session-settings.ts', 'server-settings'),
    name: 'DateStyle is left to the server',
    find: `  DateStyle: 'ISO, MDY',\n`,
    replace: '',
  },
  {
    ...postgres('apply-session-settings.ts', 'server-settings'),
    name: 'a role with synchronous_commit=off loses answered writes',
    find: `'synchronous_commit', ...Object.keys(timeouts)`,
    replace: `'unset', ...Object.keys(timeouts)`,
  },
  {
    ...postgres('check-encoding.ts', 'server-settings'),
    name: 'a database in LATIN1 is used',
    find: `encoding === 'UTF8'`,
    replace: `encoding !== ''`,
  },
  {
    ...postgres('create-client-class.ts', 'connection-url'),
    name: 'sslmode=prefer fails where the server has no TLS',
    find: 'if (!tlsIsOptional)',
    replace: 'if (true)',
  },
  {
    ...postgres('create-client-class.ts', 'connection-url'),
    name: 'PGOPTIONS of another server changes our connections',
    find: '.options = options',
    replace: '.options ??= options',
  },
  {
    ...postgres('to-connection.ts', 'connection-url'),
    name: 'sslmode=require verifies the host name',
    find: 'useLibpqCompat: !',
    replace: `useLibpqCompat: text === '' && !`,
  },
  {
    workspace: 'services/auth-api',
    file: 'packages/service-kit/src/redis/create-guarded-redis.ts',
    name: 'a Redis database that does not exist is silently database 0',
    find: 'if (db !== 0)',
    replace: 'if (db < 0)',
    project: 'int',
    test: 'build-limits',
  },
  {
    workspace: 'packages/service-kit',
    file: 'packages/service-kit/src/process/run-main.ts',
    name: 'a closed terminal leaves the database running',
    find: `, 'SIGHUP'`,
    replace: '',
    project: 'unit',
    test: 'run-main',
  },
  {
    workspace: 'packages/embedded-postgres',
    file: 'packages/embedded-postgres/src/server.ts',
    name: 'PGSSLMODE of another server breaks the embedded Postgres',
    find: '?sslmode=disable',
    replace: '',
    project: 'int',
    test: 'embedded-postgres',
  },
  {
    workspace: 'services/auth-api',
    file: 'services/auth-api/src/build-delete-old-records.ts',
    name: 'the retention of sign-ins deletes one batch a run, whatever waits',
    find: 'budgetMs: BUDGET_MS',
    replace: 'budgetMs: 0',
    project: 'int',
    test: 'build-delete-old-records',
  },
  {
    workspace: 'services/auth-api',
    file: 'services/auth-api/src/adapters/crypto/phc.ts',
    name: 'a bcrypt hash in the row is a retryable 503 for ever',
    find: `if (salt === undefined || tag === undefined) return undefined`,
    replace: `if (salt === undefined || tag === undefined) throw new Error('not a PHC string')`,
    project: 'unit',
    test: 'crypto.test',
  },
]
