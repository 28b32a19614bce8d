import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { findNode20 } from '@auto-refresh/test-engines'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ADAPTER_NAMES, testAdapter } from './testing/contract/test-adapter.ts'
import { readDocumentedPrograms } from './testing/read-documented-programs.ts'
import { FRAMEWORKS, installPackage, type Framework } from './testing/install-package.ts'
import { USER_PROGRAMS } from './testing/user-programs.ts'

const NODES = [
  ['Node 24', process.execPath],
  ['Node 20', findNode20(process.env) ?? 'node-20'],
] as const
const FRAMEWORK_NAMES = Object.keys(FRAMEWORKS) as Framework[]
const RESOLUTIONS = [
  ['nodenext', 'nodenext', ['app.mts', 'app.cts']],
  ['bundler', 'esnext', ['app.mts', 'app.ts']],
  // Its TypeScript does not know that Node can require ES modules.
  ['node16', 'node16', ['app.mts', 'dynamic.cts']],
] as const
const tsc = resolve(import.meta.dirname, '../../../node_modules/.bin/tsc')

/** Type-checks `files` of `folder`; returns the output and the exit status. */
function compile(folder: string, files: readonly string[], options: object) {
  const compilerOptions = {
    strict: true,
    skipLibCheck: true,
    noEmit: true,
    esModuleInterop: true,
    target: 'es2022',
    lib: ['es2023'],
    types: ['node'],
    ...options,
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }))
  const { stdout, status } = spawnSync(tsc, [], { cwd: folder, encoding: 'utf8' })
  return [stdout, status]
}

let installed: Awaited<ReturnType<typeof installPackage>>
beforeAll(async () => {
  installed = await installPackage()
})
afterAll(() => installed.remove())

describe.each(FRAMEWORK_NAMES)('an application that has only %s', (framework) => {
  beforeAll(() => {
    const folder = installed.folderOf(framework)
    for (const name of ['app.mts', 'app.cts', 'app.ts'])
      writeFileSync(join(folder, name), USER_PROGRAMS[framework])
    writeFileSync(
      join(folder, 'dynamic.cts'),
      `const loaded = import('@auto-refresh/server/${framework}')
       export const one = loaded.then(({ requireRole }) => requireRole)
       // @ts-expect-error no such export
       export const none = loaded.then(({ nothing }) => nothing)`,
    )
  })

  test.each(RESOLUTIONS)('compiles with moduleResolution %s', (moduleResolution, module, files) => {
    const folder = installed.folderOf(framework)
    // Checking the libraries takes 3 s of a processor, most of it for TypeBox. It is done for each
    // framework in the strictest resolution, and for each resolution with the smallest framework.
    const skipLibCheck = framework !== 'fetch' && moduleResolution !== 'nodenext'
    const options = { skipLibCheck, module, moduleResolution }
    expect(compile(folder, files, options)).toEqual(['', 0])
  })

  test('compiles as the documents show it', () => {
    const folder = installed.folderOf(framework)
    const programs = [framework, ...(framework === 'fetch' ? (['core'] as const) : [])].flatMap(
      readDocumentedPrograms,
    )
    expect(programs.length).toBeGreaterThan(1)
    const files = programs.map((code, index) => {
      writeFileSync(join(folder, `documented-${index}.mts`), code)
      return `documented-${index}.mts`
    })
    expect(compile(folder, files, { module: 'nodenext' })).toEqual(['', 0])
  })

  test.each(NODES)('can require the package on %s', async (_, node) => {
    expect(await installed.require(framework, node)).toBe('function function')
  })
})

for (const [name, node] of NODES)
  for (const adapter of ADAPTER_NAMES)
    testAdapter(adapter, {
      where: `packed, on ${name}`,
      node,
      folder: () => installed.folderOf(adapter),
    })
