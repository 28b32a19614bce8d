import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  readdirSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { buildPackage } from './build-package.ts'

const root = resolve(import.meta.dirname, '../..')
const project = mkdtempSync(join(tmpdir(), 'published-'))
afterAll(() => rmSync(project, { recursive: true, force: true }))

/**
 * The folder of an installed package, with the libraries of its package.json and no other
 * workspace.
 */
function install(workspace: string): {
  outDir: string
  manifest: Record<string, unknown> & { dependencies?: object }
} {
  const { name }: { name: string } = JSON.parse(
    readFileSync(join(root, workspace, 'package.json'), 'utf8'),
  )
  const outDir = join(project, 'node_modules', name)
  buildPackage(join(root, workspace), outDir)
  const manifest = JSON.parse(readFileSync(join(outDir, 'package.json'), 'utf8'))
  for (const library of [
    ...Object.keys(manifest.dependencies ?? {}),
    ...Object.keys(manifest.peerDependencies ?? {}),
    '@types/node',
  ]) {
    const path = join(project, 'node_modules', library)
    mkdirSync(dirname(path), { recursive: true })
    const own = join(root, workspace, 'node_modules', library)
    symlinkSync(existsSync(own) ? own : join(root, 'node_modules', library), path)
  }
  return { outDir, manifest }
}

function run(command: string, ...args: string[]): string {
  const { stdout, stderr, status } = spawnSync(command, args, { cwd: project, encoding: 'utf8' })
  return `${status} ${stdout}${stderr}`
}

describe('the published server', () => {
  const { outDir, manifest } = install('packages/server')

  test('depends on published packages only', () => {
    const files = readdirSync(outDir, { recursive: true, encoding: 'utf8' })
    const named = files
      .filter((file) => /\.(js|d\.ts)$/.test(file))
      .filter((file) => /from ['"]@auto-refresh\//.test(readFileSync(join(outDir, file), 'utf8')))
    expect(named).toEqual([])
    expect(Object.keys(manifest.dependencies ?? {})).toEqual([
      'cookie',
      'fastify-plugin',
      'jose',
      'typebox',
    ])
  })

  test('guards a back end that is type-checked against it', () => {
    writeFileSync(join(project, 'package.json'), '{"type":"module"}')
    writeFileSync(
      join(project, 'tsconfig.json'),
      '{"compilerOptions":{"strict":true,"module":"nodenext","target":"es2024","skipLibCheck":true,"types":["node"]},"files":["app.ts"]}',
    )
    writeFileSync(
      join(project, 'app.ts'),
      `
      import { autoRefresh, requireRole } from '@auto-refresh/server/fastify'
      import Fastify from 'fastify'
      declare module '@auto-refresh/server/fastify' {
        interface UserClaims {
          tenant: string
        }
      }
      const app = Fastify()
      await app.register(autoRefresh, { issuer: 'https://auth.example', authApiUrl: 'http://127.0.0.1:9', apiKey: 'key' })
      app.get('/', { preHandler: requireRole('admin') }, async ({ user }) => user.username.toUpperCase())
      app.get('/own', async ({ user }) => user.claims?.tenant.toUpperCase())
      app.get('/optional', { config: { user: 'optional' } }, async ({ user }) => user?.username)
      // @ts-expect-error the user of this route may be anonymous
      app.get('/anonymous', { config: { user: 'optional' } }, async ({ user }) => user.username)
      // @ts-expect-error a role is a string: proves that the types are found
      requireRole(5)
      const answer = await app.inject('/')
      console.log(answer.statusCode, answer.json().error.code, app.autoRefresh.isReady())
      await app.close()
    `,
    )
    expect(run(join(root, 'node_modules/.bin/tsc'))).toBe('0 ')
    expect(run(process.execPath, 'app.js')).toBe('0 401 access_token_missing false\n')
  }, 120_000)
})

// Removes what Node 20 lacks of the language and the web platform, before our code is loaded.
const NODE_20 = `
  for (const name of ['withResolvers', 'try']) delete Promise[name]
  delete URL.parse
  for (const type of [Object, Map]) delete type.groupBy
  for (const name of ['union', 'intersection', 'difference', 'isSubsetOf']) delete Set.prototype[name]
  for (const name of ['map', 'filter', 'some', 'toArray', 'find']) delete Iterator.prototype[name]
  delete globalThis.WebSocket
`

test('the published server works on Node 20', () => {
  writeFileSync(join(project, 'node-20.js'), NODE_20)
  writeFileSync(
    join(project, 'guard.js'),
    `
    import { autoRefresh } from '@auto-refresh/server/fastify'
    import Fastify from 'fastify'
    const app = Fastify()
    await app.register(autoRefresh, { issuer: 'https://auth.example', authApiUrl: 'http://127.0.0.1:9', apiKey: 'key' })
    app.get('/', async () => ({}))
    const answer = await app.inject({ url: '/', headers: { authorization: 'Bearer x' } })
    console.log(answer.statusCode, answer.json().error.code)
    await app.close()
  `,
  )
  expect(run(process.execPath, '--import', './node-20.js', 'guard.js')).toBe('0 503 unavailable\n')
}, 120_000)
