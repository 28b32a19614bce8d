import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ConfigError } from '@auto-refresh/contracts'
import { addSecretFiles } from './add-secret-files.ts'

let dir: string

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'secrets-'))
})
afterEach(() => {
  rmSync(dir, { recursive: true })
})

const write = (name: string, text: string) => writeFileSync(join(dir, name), text)

function faultsOf(environment: Record<string, string>, options = {}): readonly string[] {
  try {
    addSecretFiles(environment, options)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.faults
    throw error
  }
}

test('a file gives the setting of its name its content, without the trailing line end', () => {
  write('DATABASE_URL', 'postgres://u:p@db/auth\n')
  write('KEY_2', 'a b\r\n')
  write('INNER', 'a\nb')
  const settings = addSecretFiles({ SECRETS_DIR: dir, PORT: '8000' })
  expect(settings).toEqual({
    SECRETS_DIR: dir,
    PORT: '8000',
    DATABASE_URL: 'postgres://u:p@db/auth',
    KEY_2: 'a b',
    INNER: 'a\nb',
  })
})

test('the environment wins over the file, and an empty setting counts as absent', () => {
  write('A', 'file')
  write('B', 'file')
  expect(addSecretFiles({ SECRETS_DIR: dir, A: 'environment', B: '' })).toMatchObject({
    A: 'environment',
    B: 'file',
  })
})

test('the values are not put into the environment of the process', () => {
  write('TEST_SECRET_FILE', 'hunter2')
  const environment = { SECRETS_DIR: dir }
  expect(addSecretFiles(environment)).toMatchObject({ TEST_SECRET_FILE: 'hunter2' })
  expect(environment).toEqual({ SECRETS_DIR: dir })
  expect(JSON.stringify(process.env)).not.toContain('hunter2')
})

test('files with other names are ignored, and links of Kubernetes volumes are followed', () => {
  mkdirSync(join(dir, '..2026'))
  writeFileSync(join(dir, '..2026', 'REDIS_URL'), 'redis://r')
  symlinkSync('..2026', join(dir, '..data'))
  symlinkSync('..data/REDIS_URL', join(dir, 'REDIS_URL'))
  for (const name of ['redis.conf', 'auth_owner', 'A.new']) write(name, 'x')
  expect(addSecretFiles({ SECRETS_DIR: dir })).toEqual({ SECRETS_DIR: dir, REDIS_URL: 'redis://r' })
})

test('the default folder is optional, and a configured folder must exist', () => {
  const missing = join(dir, 'none')
  expect(addSecretFiles({ PORT: '1' }, { usualDir: missing })).toEqual({ PORT: '1' })
  expect(faultsOf({ SECRETS_DIR: missing })).toEqual([
    `SECRETS_DIR (${missing}) cannot be read (ENOENT); expected a readable folder`,
  ])
  write('PLAIN', 'x')
  expect(faultsOf({ SECRETS_DIR: join(dir, 'PLAIN') })).toEqual([
    expect.stringContaining('(ENOTDIR)'),
  ])
  // The default folder may belong to another program.
  mkdirSync(join(dir, 'OTHER_PROGRAM'))
  expect(addSecretFiles({}, { usualDir: join(dir, 'PLAIN') })).toEqual({})
  expect(addSecretFiles({}, { usualDir: dir })).toEqual({ PLAIN: 'x' })
})

test('all unreadable files are reported at once, unless the environment has the setting', () => {
  mkdirSync(join(dir, 'A_FOLDER'))
  symlinkSync('nowhere', join(dir, 'DANGLING'))
  write('LOCKED', 'hunter2')
  chmodSync(join(dir, 'LOCKED'), 0)
  const isRoot = process.getuid?.() === 0
  const faults = faultsOf({ SECRETS_DIR: dir })
  const expected = [
    `${join(dir, 'A_FOLDER')} cannot be read (EISDIR); expected a readable file`,
    `${join(dir, 'DANGLING')} cannot be read (ENOENT); expected a readable file`,
    ...(isRoot ? [] : [`${join(dir, 'LOCKED')} cannot be read (EACCES); expected a readable file`]),
  ]
  expect(faults.toSorted()).toEqual(expected)
  expect(faultsOf({ SECRETS_DIR: dir, A_FOLDER: 'a', DANGLING: 'b', LOCKED: 'c' })).toEqual([])
})

test('a file with a setting of OpenTelemetry is refused, because the SDK reads only the environment', () => {
  write('OTEL_EXPORTER_OTLP_HEADERS', 'authorization=hunter2')
  const fault = `${join(dir, 'OTEL_EXPORTER_OTLP_HEADERS')} cannot be a file; expected in the environment, where OpenTelemetry reads it`
  expect(faultsOf({ SECRETS_DIR: dir })).toEqual([fault])
  expect(faultsOf({ SECRETS_DIR: dir, OTEL_EXPORTER_OTLP_HEADERS: 'a=b' })).toEqual([])
})
