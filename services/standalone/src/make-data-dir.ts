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
 * Creates the directory of DATA_DIR if it is missing. Throws a `ConfigError` if it cannot be
 * created or written to.
 */
export async function makeDataDir(dataDir: string): Promise<void> {
  try {
    // others may enter it: Postgres can run as another user
    await mkdir(dataDir, { recursive: true, mode: 0o711 })
    await access(dataDir, constants.W_OK)
  } catch (error) {
    const code = codeOf(error)
    if (!WRONG_PLACE.has(code)) throw error
    throw new ConfigError([sayFault(code)])
  }
}

/**
 * Returns the error of makeDataDir as far as it can be foreseen without creating anything, so that
 * it is reported with all other wrong settings.
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
