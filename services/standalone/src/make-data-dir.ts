import { access, constants, mkdir } from 'node:fs/promises'
import { ConfigError } from '@auto-refresh/config'

const WRONG_PLACE: ReadonlySet<unknown> = new Set(['EEXIST', 'ENOTDIR', 'EACCES', 'EPERM', 'EROFS', 'ENAMETOOLONG'])

/** Makes the directory of DATA_DIR where it is not there yet. Throws a `ConfigError` where none can be, or none that is ours to write. */
export async function makeDataDir(dataDir: string): Promise<void> {
  try {
    // may be passed through: Postgres can be another user
    await mkdir(dataDir, { recursive: true, mode: 0o711 })
    await access(dataDir, constants.W_OK)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && WRONG_PLACE.has(error.code))) throw error
    throw new ConfigError([`DATA_DIR cannot be used (${String(error.code)}); expected a directory that this process may write to`])
  }
}
