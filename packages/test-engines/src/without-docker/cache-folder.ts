import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

/**
 * Returns a folder below `XDG_CACHE_HOME`, filled once by `fill` and shared by all later runs. It
 * appears complete or not at all, so several processes may request it at once.
 */
export async function cacheFolder({
  name,
  fill,
  environment,
}: {
  name: string
  fill: (folder: string) => Promise<void>
  environment: NodeJS.ProcessEnv
}): Promise<string> {
  const root = join(environment['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'auto-refresh')
  const folder = join(root, name)
  if (await exists(folder)) return folder
  await mkdir(root, { recursive: true })
  const making = await mkdtemp(join(root, `${name}.making-`))
  try {
    await fill(making)
    await rename(making, folder)
  } catch (error) {
    await rm(making, { recursive: true, force: true })
    // Another process was faster: a folder that is not empty is never replaced.
    if (!(await exists(folder))) throw error
  }
  return folder
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  )
