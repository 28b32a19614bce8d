import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const workspace = resolve(import.meta.dirname, '../..')

/** What an application with one of the adapters installs, at the versions of this workspace. */
export const FRAMEWORKS = {
  fastify: ['fastify'],
  express: ['express', 'express4', '@types/express'],
  fetch: ['@hono/node-server', 'hono'],
} as const
export type Framework = keyof typeof FRAMEWORKS

/**
 * Builds and packs this package, and installs the tarball in fresh folders outside the repository:
 * one for each framework, without the others, with the back ends of the contract suite.
 */
export async function installPackage() {
  const scratch = mkdtempSync(join(tmpdir(), 'auto-refresh-server-'))
  const dist = join(scratch, 'dist')
  const folderOf = (name: Framework | 'express4') =>
    join(scratch, name === 'express4' ? 'express' : name)

  await run(process.execPath, [
    join(workspace, '../../tools/src/build-package.ts'),
    workspace,
    dist,
  ])
  const packed = await run('npm', ['pack', '--pack-destination', scratch], { cwd: dist })
  const tarball = join(scratch, packed.stdout.trim().split('\n').at(-1) ?? '')

  const versions = { ...readVersions(join(workspace, '../..')), ...readVersions(workspace) }
  const install = async (framework: Framework) => {
    const folder = folderOf(framework)
    mkdirSync(folder)
    const dependencies = Object.fromEntries([
      ['@auto-refresh/server', `file:${tarball}`],
      ...['@types/node', ...FRAMEWORKS[framework]].map((name) => [name, versions[name]]),
    ])
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ dependencies }))
    await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund'], { cwd: folder })
    cpSync(join(workspace, 'src/testing/back-ends'), folder, { recursive: true })
  }
  await Promise.all(Object.keys(FRAMEWORKS).map((name) => install(name as Framework)))

  return {
    folderOf,
    /** Loads the core and an adapter by `require`, and returns the types of their functions. */
    async require(framework: Framework, node: string): Promise<string> {
      const script = `
        const { createAutoRefresh } = require('@auto-refresh/server/core')
        const { autoRefresh } = require('@auto-refresh/server/${framework}')
        console.log(typeof createAutoRefresh, typeof autoRefresh)`
      const { stdout } = await run(node, ['-e', script], { cwd: folderOf(framework) })
      return stdout.trim()
    },
    remove: () => rmSync(scratch, { recursive: true, force: true }),
  }
}

function readVersions(folder: string): Record<string, string> {
  const manifest: { devDependencies: Record<string, string> } = JSON.parse(
    readFileSync(join(folder, 'package.json'), 'utf8'),
  )
  return manifest.devDependencies
}
