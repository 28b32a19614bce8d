import { execFileSync } from 'node:child_process'
import { copyFileSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'

/** Writes `dist/`: what is published, complete with its own package.json. A browser can load `dist/index.js` as it is. */
const folder = resolve(import.meta.dirname, '../..')
const at = (...path: string[]) => join(folder, ...path)

rmSync(at('dist'), { recursive: true, force: true })
const typescript = dirname(createRequire(import.meta.url).resolve('typescript/package.json'))
execFileSync(process.execPath, [join(typescript, 'bin/tsc'), '-p', at('tsconfig.build.json')], { stdio: 'inherit' })

// tsc rewrites the imports of the code alone: './x.ts' in a declaration is for the newest compilers only.
for (const file of readdirSync(at('dist'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.d.ts'))) {
  writeFileSync(at('dist', file), readFileSync(at('dist', file), 'utf8').replaceAll(/(from '\.[^']*)\.ts'/g, "$1.js'"))
}

const { name, version, description, license, type, sideEffects } = JSON.parse(readFileSync(at('package.json'), 'utf8')) as Record<string, unknown>
const published = { name, version, description, license, type, sideEffects, exports: { '.': { types: './index.d.ts', default: './index.js' } }, types: './index.d.ts', engines: { node: '>=20' } }
writeFileSync(at('dist/package.json'), `${JSON.stringify(published, null, 2)}\n`)
for (const [from, to] of [['README.md', 'README.md'], ['../../LICENSE', 'LICENSE']] as const) copyFileSync(at(from), at('dist', to))
