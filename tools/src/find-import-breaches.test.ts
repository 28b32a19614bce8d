import { expect, test } from 'vitest'
import { findImportBreaches } from './find-import-breaches.ts'
import { readSources } from './read-sources.ts'

/** The breaches of one file among a few valid ones. */
const breachesOf = (path: string, text: string) =>
  findImportBreaches(
    new Map([
      ['services/auth-api/src/index.ts', `export { a } from './domain/a.ts'`],
      ['services/auth-api/src/domain/a.ts', `export const a = 1`],
      ['services/token-store/src/index.ts', ''],
      ['services/standalone/src/index.ts', ''],
      [path, text],
    ]),
  )

test('the repository keeps the dependency rule', () => {
  const sources = readSources(['services', 'packages', 'examples'])
  expect(sources.size).toBeGreaterThan(50)
  expect(findImportBreaches(sources)).toEqual([])
})

test.each([
  [
    'services/auth-api/src/domain/b.ts',
    `import { randomUUID } from 'node:crypto'`,
    'domain imports node:crypto',
  ],
  [
    'services/auth-api/src/main.ts',
    `import { trace } from '@opentelemetry/api'`,
    'only packages/service-kit/src/tracing/otel',
  ],
  ['services/auth-api/src/domain/b.ts', `import type { Pool } from 'pg'`, 'domain imports pg'],
  [
    'services/auth-api/src/domain/b.ts',
    `import type { Clock } from '../ports.ts'`,
    'domain imports ports',
  ],
  [
    'services/auth-api/src/domain/b.ts',
    `import { EVENTS } from '@auto-refresh/contracts'`,
    'more than types',
  ],
  [
    'services/auth-api/src/domain/b.ts',
    `import type { Logger } from '@auto-refresh/service-kit/telemetry'`,
    'domain imports @auto-refresh/service-kit/telemetry',
  ],
  [
    'services/auth-api/src/domain/b.ts',
    `const x = await import('../use-cases/x.ts')`,
    'domain imports use-cases',
  ],
  ['services/auth-api/src/ports.ts', `import { SignJWT } from 'jose'`, 'ports imports jose'],
  [
    'services/auth-api/src/ports.ts',
    `import type { X } from './use-cases/x.ts'`,
    'ports imports use-cases',
  ],
  [
    'services/auth-api/src/use-cases/b.ts',
    `import {\n  a,\n  b,\n} from '../adapters/postgres/users.ts'`,
    'use-cases imports adapters',
  ],
  ['services/auth-api/src/use-cases/b.ts', `import 'fastify'`, 'use-cases imports fastify'],
  [
    'services/auth-api/src/use-cases/b.ts',
    `import { createLogger } from '@auto-refresh/service-kit/telemetry'`,
    'use-cases imports @auto-refresh/service-kit/telemetry',
  ],
  [
    'services/auth-api/src/adapters/http/b.ts',
    `import { a } from '../postgres/a.ts'`,
    'the adapter http imports the adapter postgres',
  ],
  [
    'services/auth-api/src/adapters/http/b.ts',
    `import type { Config } from '../../config.ts'`,
    'adapters imports build',
  ],
  ['services/auth-api/src/adapters/http/b.ts', `import { pg } from 'pg'`, 'imports pg'],
  [
    'services/auth-api/src/adapters/http/b.ts',
    `export { x } from '../../main.ts'`,
    'adapters imports main',
  ],
  [
    'services/auth-api/src/adapters/http/b.ts',
    `import { x } from './testing/x.ts'`,
    'imports test code',
  ],
  ['services/auth-api/src/build-auth-api.ts', `import './main.ts'`, 'build imports main'],
  [
    'services/auth-api/src/build-auth-api.ts',
    `import { x } from '@auto-refresh/token-store'`,
    'imports the service token-store',
  ],
  [
    'services/auth-api/src/b.test.ts',
    `import { x } from '@auto-refresh/token-store'`,
    'imports the service token-store',
  ],
  [
    'services/auth-api/src/b.test.ts',
    `import { x } from '../../token-store/src/domain/x.ts'`,
    'leaves its workspace',
  ],
  [
    'services/auth-api/src/build-auth-api.ts',
    `import { x } from '@auto-refresh/test-engines'`,
    'imports test-engines',
  ],
  [
    'services/standalone/src/b.ts',
    `import { x } from '@auto-refresh/token-store/src/domain/x.ts'`,
    'deep import',
  ],
  [
    'packages/service-kit/src/postgres/b.ts',
    `import { x } from '@auto-refresh/service-kit/telemetry'`,
    'a package imports contracts alone',
  ],
  [
    'packages/server/src/b.ts',
    `import { repeat } from '@auto-refresh/service-kit/timing'`,
    'a package imports contracts alone',
  ],
  [
    'packages/client/src/b.ts',
    `import { withDeadline } from '@auto-refresh/service-kit/timing'`,
    'a package imports contracts alone',
  ],
  [
    'packages/contracts/src/b.ts',
    `import { withDeadline } from '@auto-refresh/service-kit/timing'`,
    'a package imports contracts alone',
  ],
  [
    'packages/server/src/core/b.ts',
    `import type { FastifyRequest } from 'fastify'`,
    'the core of server imports a framework',
  ],
  [
    'packages/server/src/core/b.ts',
    `import { userOf } from '../fastify/user-of.ts'`,
    'the core of server imports its adapter',
  ],
  [
    'services/auth-api/src/b.ts',
    `import { isDue } from '@auto-refresh/server/core/is-due.ts'`,
    'deep import',
  ],
  [
    'services/auth-api/src/domain/b.ts',
    `import { repeat } from '@auto-refresh/service-kit/timing'`,
    'domain imports @auto-refresh/service-kit/timing',
  ],
  [
    'packages/service-kit/src/timing/b.ts',
    `import { x } from '@auto-refresh/service-kit/telemetry'`,
    'a package imports contracts alone',
  ],
  [
    'packages/service-kit/src/config/b.ts',
    `import { x } from '@auto-refresh/service-kit/process'`,
    'a package imports contracts alone',
  ],
  [
    'packages/service-kit/src/process/b.ts',
    `import { x } from '@auto-refresh/event-bus'`,
    'a package imports contracts alone',
  ],
  [
    'packages/service-kit/src/process/b.ts',
    `import { x } from '../telemetry/metrics.ts'`,
    'leaves its workspace',
  ],
  [
    'packages/service-kit/src/process/b.ts',
    `const url = process.env['DATABASE_URL']`,
    'without the secret files',
  ],
  [
    'packages/service-kit/src/postgres/b.ts',
    `import { x } from '@auto-refresh/token-store'`,
    'imports the service token-store',
  ],
  ['packages/service-kit/src/telemetry/b.ts', `import { Pool } from 'pg'`, 'imports pg'],
  [
    'packages/event-bus/src/create-in-process-bus.ts',
    `import { Kafka } from 'kafkajs'`,
    'imports kafkajs',
  ],
  [
    'examples/cases-api/src/b.ts',
    `import { CodedError } from '@auto-refresh/contracts'`,
    'an example imports what is published alone',
  ],
  [
    'examples/cases-api/src/b.ts',
    `import { x } from '../../../services/auth-api/src/index.ts'`,
    'leaves its workspace',
  ],
  ['examples/cases-api/src/b.ts', `const url = process.env['URL']`, 'reads process.env'],
  ['packages/contracts/src/b.ts', `export * from './events.ts'`, 'export *'],
  [
    'services/auth-api/src/config.ts',
    `const url = process.env['DATABASE_URL']`,
    'reads process.env',
  ],
  ['services/auth-api/src/config.ts', `import { env } from 'node:process'`, 'reads process.env'],
  ['services/auth-api/src/main.ts', `start(process.env)`, 'without the secret files'],
  ['services/standalone/src/operations/user.ts', `run(process.env)`, 'reads process.env'],
  [
    'services/standalone/src/build-standalone.ts',
    `import { runCli } from './operations/run-cli.ts'`,
    'imports an operator command',
  ],
  [
    'services/standalone/src/operations/cli.ts',
    `start(addSecretFiles(process.env), process.env['PORT'])`,
    'without the secret files',
  ],
  [
    'packages/service-kit/src/telemetry/main.ts',
    `const { LOG_LEVEL } = process.env`,
    'reads process.env',
  ],
])('in %s, the breach %s is found', (path, text, breach) => {
  expect(breachesOf(path, text)).toEqual([expect.stringContaining(breach)])
})

test.each([
  [
    'services/auth-api/src/domain/b.ts',
    `import type { RevokeReason } from '@auto-refresh/contracts'\nimport { a } from './a.ts'`,
  ],
  ['services/auth-api/src/ports.ts', `import type { JSONWebKeySet } from 'jose'`],
  [
    'services/auth-api/src/use-cases/b.ts',
    `import { CodedError } from '@auto-refresh/contracts'\nimport type { Users } from '../ports.ts'`,
  ],
  [
    'services/token-store/src/use-cases/b.ts',
    `import { createBatch } from '@auto-refresh/service-kit/batch'`,
  ],
  [
    'services/token-store/src/use-cases/b.ts',
    `import { withDeadline } from '@auto-refresh/service-kit/timing'`,
  ],
  [
    'packages/service-kit/src/redis/b.ts',
    `import { repeat } from '@auto-refresh/service-kit/timing'`,
  ],
  [
    'packages/event-bus/src/b.ts',
    `import { throttledLog } from '@auto-refresh/service-kit/timing'`,
  ],
  [
    'services/auth-api/src/adapters/postgres/b.ts',
    `import type { Pool } from 'pg'\n// export * from 'kafkajs'`,
  ],
  ['services/auth-api/src/main.ts', `start(addSecretFiles(process.env))`],
  [
    'packages/service-kit/src/config/product-version.ts',
    `import product from '../../../../package.json' with { type: 'json' }`,
  ],
  ['examples/cases-api/src/main.ts', `start(process.env)`],
  ['services/auth-api/src/build-auth-api.ts', `import type { Pool } from 'pg'`],
  [
    'services/auth-api/src/testing/open-auth-api.ts',
    `import { createTestDatabase } from '@auto-refresh/test-engines'`,
  ],
  [
    'services/auth-api/src/b.int.test.ts',
    `import { createTestDatabase } from '@auto-refresh/test-engines'\nimport { Client } from 'pg'`,
  ],
  [
    'services/standalone/src/b.ts',
    `import { a } from '@auto-refresh/auth-api'
import { openEmbeddedPostgres } from '@auto-refresh/embedded-postgres'`,
  ],
  [
    'packages/service-kit/src/process/b.ts',
    `import { x } from '@auto-refresh/service-kit/telemetry'\nstart(addSecretFiles(process.env))`,
  ],
  ['packages/event-bus/src/open-kafka.ts', `import { Kafka } from 'kafkajs'`],
  ['examples/cases-api/src/b.ts', `import { autoRefresh } from '@auto-refresh/server/fastify'`],
])('%s breaches no rule', (path, text) => {
  expect(breachesOf(path, text)).toEqual([])
})
