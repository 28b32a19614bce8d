import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startOwnPostgres, type OwnPostgres } from '@auto-refresh/test-engines'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { createPool } from './create-pool.ts'
import { migrate } from './migrate.ts'
import { toConnection } from './to-connection.ts'
import { CERTIFICATE, setTls } from './testing/tls-server.ts'

let server: OwnPostgres
let folder: string
const warnings: string[] = []
const onWarning = (warning: Error) => void warnings.push(warning.message)
beforeAll(async () => {
  process.on('warning', onWarning)
  folder = await mkdtemp(join(tmpdir(), 'connection-url-'))
  await writeFile(join(folder, 'ca.pem'), CERTIFICATE)
  server = await startOwnPostgres()
})
afterAll(async () => {
  process.off('warning', onWarning)
  await server?.stop()
  await rm(folder, { recursive: true })
})

const urlWith = (parameters: string) =>
  server.url.replace('sslmode=disable', parameters.replace('CA', join(folder, 'ca.pem')))

/** `TLS` or `plain` if both the pool and the migration connect, else the error. */
async function connect(url: string): Promise<string> {
  const pool = createPool({ url, applicationName: 'test', max: 1, onError: () => {} })
  try {
    const { rows } = await pool.query<{ ssl: boolean }>(
      'select ssl from pg_stat_ssl where pid = pg_backend_pid()',
    )
    const directory = join(import.meta.dirname, '../../../../services/token-store/migrations')
    await migrate({ url, schema: 'token_store', directory, log: () => {} })
    return rows[0]?.ssl === true ? 'TLS' : 'plain'
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    await pool.end()
  }
}

describe('a server with a self-signed certificate for another name', () => {
  beforeAll(() => setTls(server.url, 'on'))
  afterAll(() => setTls(server.url, 'off'))

  test.each([
    ['sslmode=disable', 'plain'],
    ['sslmode=allow', 'TLS'],
    ['sslmode=prefer', 'TLS'],
    ['sslmode=require', 'TLS'],
    ['sslmode=no-verify', 'TLS'],
    ['sslmode=require&sslrootcert=CA', 'TLS'],
    ['sslmode=verify-ca&sslrootcert=CA', 'TLS'],
    ['sslmode=require&uselibpqcompat=true', 'TLS'],
    [
      'sslmode=verify-full&sslrootcert=CA',
      expect.stringContaining("does not match certificate's altnames"),
    ],
    ['sslmode=verify-full', expect.stringContaining('self-signed certificate')],
    ['sslmode=verify-full&sslrootcert=system', expect.stringContaining('self-signed certificate')],
    ['ssl=true', expect.stringContaining('self-signed certificate')],
    ['', 'plain'],
  ])('with %s it is reached as by libpq', async (parameters, result) => {
    expect(await connect(urlWith(parameters))).toEqual(result)
  })
})

describe('a server without TLS', () => {
  test.each([
    ['sslmode=prefer', 'plain'],
    ['sslmode=allow', 'plain'],
    ['sslmode=require', 'The server does not support SSL connections'],
    ['sslmode=verify-full', 'The server does not support SSL connections'],
    ['schema=public&pgbouncer=true&connect_timeout=10&application_name=x', 'plain'],
    ['statement_timeout=5000', 'plain'],
  ])('with %s it is reached as by libpq', async (parameters, result) => {
    expect(await connect(urlWith(parameters))).toEqual(result)
  })

  test('libpq variables that are set for another server are ignored', async () => {
    vi.stubEnv('PGOPTIONS', '-c nonsense=1')
    vi.stubEnv('PGSSLMODE', 'require')
    vi.stubEnv('PGSSLNEGOTIATION', 'direct')
    expect(await connect(server.url)).toBe('plain')
    vi.unstubAllEnvs()
  })
})

test.each([
  ['sslmode=verify-ca', 'without sslrootcert'],
  ['sslmode=verify-full&sslrootcert=/nowhere/ca.pem', 'cannot be read (ENOENT)'],
  ['sslmode=requier', 'unknown sslmode'],
  ['sslmode=require&sslrootcert=system', 'needs sslmode=verify-full'],
])('%s is a wrong setting, named without its value', (parameters, fault) => {
  const open = () =>
    createPool({
      url: `postgres://secret:secret@127.0.0.1/x?${parameters}`,
      applicationName: 'test',
      max: 1,
      onError: () => {},
    })
  expect(open).toThrow(
    expect.objectContaining({
      name: 'ConfigError',
      message: expect.stringContaining(fault) as string,
    }),
  )
  expect(open).not.toThrow('secret')
})

test('a Unix socket is given by host= and never uses TLS', async () => {
  const { host, port, ssl, user, database } = toConnection(
    'postgres://ada:p%40ss@/shop?host=/run/postgresql&port=6432&sslmode=require',
  ).config
  expect({ host, port, ssl, user, database }).toEqual({
    host: '/run/postgresql',
    port: 6432,
    ssl: false,
    user: 'ada',
    database: 'shop',
  })
})

test('the driver prints no warning for any sslmode', () => {
  expect(warnings.filter((warning) => warning.includes('SSL'))).toEqual([])
})
