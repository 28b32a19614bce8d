import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, test } from 'vitest'

const folder = resolve(import.meta.dirname, '..')
const dist = join(folder, 'dist')
let scratch: string
let tarball: string

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'auto-refresh-client-'))
  execFileSync(process.execPath, [join(folder, '../../tools/src/build-package.ts'), folder], {
    stdio: 'pipe',
  })
  const npm = ['pack', '--silent', '--pack-destination', scratch]
  tarball = join(scratch, execFileSync('npm', npm, { cwd: dist, encoding: 'utf8' }).trim())
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

/** A new folder outside the repository in which a user has installed the package. */
function createProject(): string {
  const project = mkdtempSync(join(scratch, 'project-'))
  writeFileSync(join(project, 'package.json'), '{}')
  execFileSync('npm', ['install', '--offline', tarball], { cwd: project, stdio: 'pipe' })
  return project
}

async function sizeOf(contents: string): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: dist },
    bundle: true,
    minify: true,
    format: 'esm',
    write: false,
  })
  return gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).byteLength
}

// The cookie's doubtful states and the binding of a session to its server cost more than the 5 kB
// planned.
test('the TokenManager is at most 6.45 kB, minified and compressed, and the axios adapter 0.7 kB more', async () => {
  const core = await sizeOf(`export { TokenManager } from './index.js'`)
  const withAxios = await sizeOf(`export { TokenManager, attachAutoRefresh } from './index.js'`)
  expect(core).toBeGreaterThan(1000)
  expect(core).toBeLessThanOrEqual(6450)
  expect(withAxios - core).toBeLessThanOrEqual(700)
})

test('what is not imported is left out of a bundle', async () => {
  const { outputFiles } = await build({
    stdin: { contents: `import '${dist}/index.js'`, resolveDir: folder },
    bundle: true,
    minify: true,
    format: 'esm',
    write: false,
  })
  expect(outputFiles[0]?.text.trim()).toBe('')
})

test('a browser can load it without a bundler: ES modules, relative imports with extensions, no dependency', () => {
  const files = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter(
    (file) => /\.(js|d\.ts)$/.test(file) && !file.startsWith('cjs'),
  )
  expect(files).toContain('index.js')
  for (const file of files) {
    for (const [, specifier = ''] of readFileSync(join(dist, file), 'utf8').matchAll(
      /^(?:import|export)[^'"\n]*from\s*['"]([^'"]+)['"]/gm,
    )) {
      expect(specifier).toMatch(/^\.\.?\/.*\.js$/)
      expect(existsSync(resolve(dist, file, '..', specifier))).toBe(true)
    }
  }
  expect(JSON.parse(readFileSync(join(dist, 'package.json'), 'utf8'))).not.toHaveProperty(
    'dependencies',
  )
  expect(files.filter((file) => file.includes('test') || file.includes('build'))).toEqual([])
})

test('require loads it in a Node that cannot require ES modules', () => {
  const project = createProject()
  const file = join(project, 'app.cjs')
  writeFileSync(
    file,
    `
    const { TokenManager, attachAutoRefresh, AuthError, memoryStorage, webStorage } = require('@auto-refresh/client')
    const all = [TokenManager, attachAutoRefresh, AuthError, memoryStorage, webStorage]
    console.log(all.map((each) => typeof each).join(), new TokenManager().session)`,
  )
  expect(
    execFileSync(process.execPath, ['--no-experimental-require-module', file], {
      encoding: 'utf8',
    }),
  ).toBe(`${Array(5).fill('function').join()} null\n`)
})

test.each(['node16', 'nodenext', 'bundler'])(
  'CommonJS projects in TypeScript get its types (moduleResolution %s)',
  (resolution) => {
    const project = createProject()
    writeFileSync(
      join(project, 'app.ts'),
      `
    import { TokenManager, type TokenStorage } from '@auto-refresh/client'
    export const make = (storage: TokenStorage): TokenManager => new TokenManager({ storage })
    // @ts-expect-error proves that the types are found
    new TokenManager({ baseURL: 5 })`,
    )
    const module = resolution === 'bundler' ? 'esnext' : resolution
    const options = [
      '--noEmit',
      '--strict',
      '--target',
      'es2022',
      '--lib',
      'es2022,dom,dom.iterable',
      '--types',
      '',
      '--module',
      module,
      '--moduleResolution',
      resolution,
    ]
    execFileSync(join(folder, '../../node_modules/.bin/tsc'), [...options, 'app.ts'], {
      cwd: project,
      stdio: 'pipe',
    })
  },
)

test('npm does not install the folder with the sources, and says what to install', () => {
  const project = mkdtempSync(join(scratch, 'project-'))
  writeFileSync(join(project, 'package.json'), '{}')
  const { status, stderr } = spawnSync('npm', ['install', '--offline', folder], {
    cwd: project,
    encoding: 'utf8',
  })
  expect([status, stderr]).toEqual([1, expect.stringContaining('run `npm run release`')])
})
