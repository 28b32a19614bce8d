import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { afterAll, describe, expect, test } from 'vitest'
import { packForNpm } from './pack-release.ts'
import { readProduct } from './read-product.ts'

const root = resolve(import.meta.dirname, '../..')
const outDir = mkdtempSync(join(tmpdir(), 'release-'))
afterAll(() => rmSync(outDir, { recursive: true, force: true }))
const { version, website } = readProduct()

/** Packages of ES modules only: `require` loads them, but resolution by folders finds no entry. */
const ES_MODULES_ONLY = ['NoResolution node10', 'CJSResolvesToESM node16-cjs']

describe.each([
  { folder: 'packages/client', accepted: [], maxBytes: { packed: 45_000, unpacked: 230_000 } },
  {
    folder: 'packages/server',
    accepted: ES_MODULES_ONLY,
    maxBytes: { packed: 100_000, unpacked: 400_000 },
  },
])('the tarball of $folder', ({ folder, accepted, maxBytes }) => {
  const tarball = new Uint8Array(readFileSync(packForNpm(folder, outDir)))
  const pkg = createPackageFromTarballData(tarball)
  const files = new Map(
    pkg.listFiles().map((path) => [path.split('/').slice(4).join('/'), pkg.readFile(path)]),
  )
  const manifest = JSON.parse(files.get('package.json') ?? '') as Record<string, unknown>

  test('passes publint', async () => {
    const { messages, pkg: checked } = await publint({
      pack: { tarball: tarball.buffer },
      strict: true,
    })
    expect(messages.map((message) => formatMessage(message, checked))).toEqual([])
  })

  test('passes are-the-types-wrong', async () => {
    const { problems } = (await checkPackage(pkg)) as {
      problems: { kind: string; resolutionKind?: string }[]
    }
    const found = problems.map(({ kind, resolutionKind }) => `${kind} ${resolutionKind}`)
    expect(found.filter((each) => !accepted.includes(each))).toEqual([])
  })

  test('names the version, the license, and where it comes from', () => {
    expect(manifest).toMatchObject({
      version,
      license: 'Apache-2.0',
      author: expect.any(String),
      description: expect.any(String),
      keywords: expect.arrayContaining(['auth']),
      homepage: expect.stringContaining(website),
      bugs: { url: `${website}/issues` },
      repository: { type: 'git', url: `git+${website}.git`, directory: folder },
      engines: { node: expect.any(String) },
      type: 'module',
      sideEffects: false,
      exports: expect.any(Object),
      files: expect.any(Array),
      publishConfig: { access: 'public' },
    })
    for (const field of ['private', 'scripts', 'devDependencies', 'workspaces'])
      expect(manifest).not.toHaveProperty(field)
  })

  test('holds modules, their types, a manifest, the README and the license, no test and no source', () => {
    const kept = /\.js$|\.d\.ts$|^(cjs\/)?package\.json$|^README\.md$|^LICENSE$/
    expect([...files.keys()].filter((name) => !kept.test(name))).toEqual([])
    expect([...files.keys()].filter((name) => /\btest|spec\b|fixture/.test(name))).toEqual([])
  })

  test('names no folder of the machine, and no workspace that is not published', () => {
    const forbidden = [root, tmpdir(), homedir(), ...(process.env['USER'] ?? '').split(' ')]
      .filter((each) => each.length > 4)
      .concat("'@auto-refresh/contracts", '"@auto-refresh/contracts')
    for (const [name, text] of files)
      expect([name, forbidden.filter((each) => text.includes(each))]).toEqual([name, []])
  })

  test('has a README whose links work outside the repository', () => {
    const readme = files.get('README.md') ?? ''
    const links = [...readme.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link)
    expect(links).toContainEqual(expect.stringMatching(`^${website}/blob/v${version}/docs/api.md`))
    expect(links.filter((link) => !/^(https:|#)/.test(link))).toEqual([])
  })

  test('is small', () => {
    const unpacked = [...files.values()].reduce((sum, text) => sum + text.length, 0)
    expect({ packed: tarball.byteLength, unpacked }).toEqual({
      packed: expect.toSatisfy((bytes: number) => bytes <= maxBytes.packed),
      unpacked: expect.toSatisfy((bytes: number) => bytes <= maxBytes.unpacked),
    })
  })
})
