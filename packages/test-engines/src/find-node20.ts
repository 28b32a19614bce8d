import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/**
 * Returns the executable of a Node 20 that can `require` ES modules (20.19 or newer): `TEST_NODE_20`,
 * or the first one on the PATH. npm puts the Node of this repository before it. `undefined` if there
 * is none.
 */
export function findNode20(environment: NodeJS.ProcessEnv): string | undefined {
  const onPath = (environment['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => !folder.includes('node_modules'))
    .map((folder) => join(folder, 'node'))
  return [environment['TEST_NODE_20'] ?? '', ...onPath].find(
    (path) => path !== '' && existsSync(path) && isNode20(path),
  )
}

function isNode20(path: string): boolean {
  const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' })
  const [, major, minor] = /^v(\d+)\.(\d+)\./.exec(stdout) ?? []
  return major === '20' && Number(minor) >= 19
}
