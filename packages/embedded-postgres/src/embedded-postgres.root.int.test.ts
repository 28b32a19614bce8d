import { execFileSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { chooseLauncher } from './launcher.ts'
import { openEmbeddedPostgres } from './open-embedded-postgres.ts'

/** As in most containers: this PATH has no `unshare`. */
let closed: string

beforeEach(async () => {
  closed = await mkdtemp(join(tmpdir(), 'embedded-'))
  const tools = join(closed, 'tools')
  await mkdir(tools)
  for (const tool of ['sh', 'setpriv', 'chown'])
    await symlink(join('/usr/bin', tool), join(tools, tool))
  vi.stubEnv('PATH', tools)
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(closed, { recursive: true })
})

test('root without user namespaces starts it as another user, in a folder closed to that user', async () => {
  const postgres = await openEmbeddedPostgres({ dataDir: join(closed, 'data'), log: () => {} })
  const client = new Client({ connectionString: postgres.url })
  try {
    await client.connect()
    expect((await client.query('select 1 as n')).rows).toEqual([{ n: 1 }])
    expect((await stat(join(closed, 'data/postgres/data'))).uid).toBeGreaterThan(0)
  } finally {
    await client.end()
    await postgres.stop()
  }
})

test('that user also finds programs in a folder closed to it, such as a clone in /root', async () => {
  const program = join(closed, 'program')
  await writeFile(program, '')
  await chmod(program, 0o755)
  const { prefix } = await chooseLauncher({ fileOwner: undefined, mustReach: [closed] })
  const [file, ...args] = [...prefix, process.execPath, '-e']
  execFileSync(file, [...args, 'fs.accessSync(process.argv[1], fs.constants.X_OK)', program])
})
