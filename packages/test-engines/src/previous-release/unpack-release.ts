import { execFile } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { promisify } from 'node:util'
import { cacheFolder } from '../without-docker/cache-folder.ts'
import { GIT, REPOSITORY } from './previous-release.ts'

const run = promisify(execFile)
const SCOPE = '@auto-refresh'

type Package = { name: string; dependencies?: Record<string, string> }
export type UnpackedRelease = Readonly<{ path: string; remove: () => Promise<void> }>

/**
 * Unpacks the code of a commit of this repository, ready to run. If the versions that it depends on
 * are those installed here, it uses them; else `npm ci` installs its own, once for all runs.
 */
export async function unpackRelease(
  commit: string,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<UnpackedRelease> {
  const path = await mkdtemp(join(tmpdir(), 'auto-refresh-release-'))
  const remove = () => rm(path, { recursive: true, force: true })
  try {
    await extract(commit, path)
    if (await linkInstalled(path)) return { path, remove }
    const name = `release-${commit}`
    const own = await cacheFolder({ name, fill: (folder) => install(commit, folder), environment })
    await remove()
    return { path: own, remove: async () => {} }
  } catch (error) {
    await remove()
    throw error
  }
}

async function extract(commit: string, folder: string): Promise<void> {
  const archive = join(folder, 'release.tar')
  await run('git', [...GIT, 'archive', '--output', archive, commit])
  await run('tar', ['-xf', archive, '-C', folder])
  await rm(archive)
}

async function install(commit: string, folder: string): Promise<void> {
  await extract(commit, folder)
  const options = ['--omit=dev', '--ignore-scripts', '--prefer-offline', '-w', 'services']
  await run('npm', ['ci', ...options], { cwd: folder })
}

/** Returns false, and links nothing, if another version is installed here than this code pins. */
async function linkInstalled(folder: string): Promise<boolean> {
  const workspaces = await Promise.all(
    globSync('{packages,services}/*/package.json', { cwd: folder }).map(async (path) => ({
      path: join(folder, dirname(path)),
      ...(await readPackage(join(folder, path))),
    })),
  )
  const pinned = workspaces.flatMap(({ dependencies = {} }) => Object.entries(dependencies))
  for (const [name, version] of pinned) {
    if (name.startsWith(`${SCOPE}/`)) continue
    const installed = join(REPOSITORY, 'node_modules', name, 'package.json')
    if (!existsSync(installed) || (await readPackage(installed)).version !== version) return false
  }
  const modules = join(folder, 'node_modules')
  await mkdir(join(modules, SCOPE), { recursive: true })
  for (const name of await readdir(join(REPOSITORY, 'node_modules')))
    if (name !== SCOPE) await symlink(join(REPOSITORY, 'node_modules', name), join(modules, name))
  for (const { name, path } of workspaces)
    await symlink(relative(join(modules, SCOPE), path), join(modules, name))
  return true
}

const readPackage = async (path: string) =>
  JSON.parse(await readFile(path, 'utf8')) as Package & { version: string }
