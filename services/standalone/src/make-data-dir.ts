import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { access, mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ConfigError } from '@auto-refresh/service-kit/config'

const WRONG_PLACE: ReadonlySet<unknown> = new Set([
  'EEXIST',
  'ENOTDIR',
  'EACCES',
  'EPERM',
  'EROFS',
  'ENAMETOOLONG',
])

/**
 * Makes the directory of DATA_DIR where it is not there yet. Throws a `ConfigError` where none can
 * be, or none that is ours to write.
 */
export async function makeDataDir(dataDir: string): Promise<void> {
  try {
    // may be passed through: Postgres can be another user
    await mkdir(dataDir, { recursive: true, mode: 0o711 })
    await access(dataDir, constants.W_OK)
  } catch (error) {
    const code = codeOf(error)
    if (!WRONG_PLACE.has(code)) throw error
    throw new ConfigError([sayFault(code)])
  }
}

/**
 * What makeDataDir would stumble over, as far as can be seen without making anything: to be told
 * with all other faults.
 */
export function findDataDirFault(dataDir: string): string | undefined {
  let place = dataDir
  while (!existsSync(place) && place !== dirname(place)) place = dirname(place)
  try {
    accessSync(place, constants.W_OK)
  } catch (error) {
    return sayFault(codeOf(error))
  }
  return statSync(place).isDirectory() ? undefined : sayFault('ENOTDIR')
}

const codeOf = (error: unknown) =>
  error instanceof Error && 'code' in error ? error.code : undefined
const sayFault = (code: unknown) =>
  `DATA_DIR cannot be used (${String(code)}); expected a directory that this process may write to`
