import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { linkReadme } from './link-readme.ts'
import { readProduct } from './read-product.ts'
import { SCOPE, toPublishedManifest, type Manifest } from './to-published-manifest.ts'

const ROOT = resolve(import.meta.dirname, '../..')

/**
 * `node tools/src/build-package.ts packages/<name> [folder]` builds the published files of a workspace
 * into `dist/`, or that folder, with their own package.json. Workspaces it depends on are not published: what it uses of
 * them is compiled into it.
 */
export function buildPackage(folder: string, outDir = join(folder, 'dist')): void {
  const manifest = readManifest(folder)
  const inlined = inlinedBy(manifest)
  const place = {
    product: readProduct(),
    directory: relative(ROOT, resolve(folder)).split(sep).join('/'),
  }
  rmSync(outDir, { recursive: true, force: true })
  compile({
    folder,
    outDir,
    entries: Object.values(manifest.exports),
    inlined: [...inlined.keys()],
  })
  if (manifest.commonjs === true) {
    const cjsDir = join(outDir, 'cjs')
    compile({
      folder,
      outDir: cjsDir,
      entries: Object.values(manifest.exports),
      inlined: [],
      commonjs: true,
    })
    writeFileSync(join(cjsDir, 'package.json'), '{ "type": "commonjs" }\n')
  }
  for (const file of filesOf(outDir)) if (/\.(js|d\.ts)$/.test(file)) link(file, outDir)
  const published = toPublishedManifest(manifest, { inlined: [...inlined.values()], ...place })
  writeFileSync(join(outDir, 'package.json'), `${JSON.stringify(published, null, 2)}\n`)
  cpSync(join(ROOT, 'LICENSE'), join(outDir, 'LICENSE'))
  writeFileSync(
    join(outDir, 'README.md'),
    linkReadme(readFileSync(join(folder, 'README.md'), 'utf8'), place),
  )
}

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
}

/** Returns the workspaces that it needs at run time, by name, including indirect ones. */
function inlinedBy({ dependencies = {} }: Manifest): Map<string, Manifest> {
  const names = Object.keys(dependencies)
    .filter((name) => name.startsWith(SCOPE))
    .map((name) => name.slice(SCOPE.length))
  return new Map(
    names.flatMap((name) => {
      const manifest = readManifest(join(ROOT, 'packages', name))
      return [[name, manifest] as const, ...inlinedBy(manifest)]
    }),
  )
}

/**
 * Compiles everything that the entries import. With other workspaces, each gets its own folder:
 * `contracts/index.js`.
 */
function compile({
  folder,
  outDir,
  entries,
  inlined,
  commonjs = false,
}: {
  folder: string
  outDir: string
  entries: string[]
  inlined: string[]
  commonjs?: boolean
}): void {
  mkdirSync(outDir, { recursive: true })
  const project = join(outDir, 'tsconfig.json')
  const rootDir = inlined.length === 0 ? join(folder, 'src') : join(ROOT, 'packages')
  const indexOf = (name: string) => join(ROOT, 'packages', name, 'src/index.ts')
  // Resolved through node_modules, these files would count as external whenever that path is
  // resolved first, and would be left out.
  const paths = Object.fromEntries(inlined.map((name) => [`${SCOPE}${name}`, [indexOf(name)]]))
  const compilerOptions = {
    paths,
    noEmit: false,
    incremental: false,
    declaration: true,
    stripInternal: true,
    rewriteRelativeImportExtensions: true,
    rootDir: resolve(rootDir),
    outDir: resolve(outDir),
    typeRoots: [join(ROOT, 'node_modules/@types')],
    ...(commonjs && {
      module: 'commonjs',
      moduleResolution: 'bundler',
      verbatimModuleSyntax: false,
    }),
  }
  const files = [...entries.map((entry) => resolve(folder, entry)), ...inlined.map(indexOf)]
  writeFileSync(
    project,
    JSON.stringify({
      extends: resolve(folder, 'tsconfig.json'),
      include: [],
      files,
      compilerOptions,
    }),
  )
  try {
    const { status, stdout } = spawnSync(join(ROOT, 'node_modules/.bin/tsc'), ['-p', project], {
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(`tsc failed:\n${stdout}`)
  } finally {
    rmSync(project)
  }
  if (inlined.length === 0) return
  const own = join(outDir, basename(resolve(folder)))
  for (const name of inlined) {
    cpSync(join(outDir, name, 'src'), join(outDir, name), { recursive: true })
    rmSync(join(outDir, name, 'src'), { recursive: true })
  }
  cpSync(join(own, 'src'), outDir, { recursive: true })
  rmSync(own, { recursive: true })
}

/**
 * Replaces `'@auto-refresh/contracts'` with the path to its copy; in declarations tsc also leaves
 * `./x.ts` unchanged.
 */
function link(file: string, outDir: string): void {
  const text = readFileSync(file, 'utf8')
  const linked = text
    .replaceAll(/(['"])(\.\.?\/[^'"\n]+)\.ts\1/g, '$1$2.js$1')
    .replaceAll(/(['"])@auto-refresh\/([\w-]+)\1/g, (_, quote: string, name: string) => {
      const path = relative(dirname(file), join(outDir, name, 'index.js'))
        .split(sep)
        .join('/')
      return `${quote}${path.startsWith('.') ? path : `./${path}`}${quote}`
    })
  if (linked !== text) writeFileSync(file, linked)
}

const filesOf = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file))

if (import.meta.main) {
  const [folder = '', outDir] = process.argv.slice(2)
  if (!existsSync(join(folder, 'package.json')))
    throw new Error('node tools/src/build-package.ts packages/<name> [folder]')
  buildPackage(folder, outDir)
}
