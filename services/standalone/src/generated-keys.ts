import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { API_KEY_SCOPES } from '@auto-refresh/contracts'
import { ConfigError, type Environment } from '@auto-refresh/service-kit/config'
import { findUsedKeys } from './find-used-keys.ts'

const key = () => randomBytes(32).toString('base64')

/** The settings that are generated, so that the product can be tried without any. */
export type Keys = Record<(typeof NAMES)[number], string>

const NAMES = [
  'REFRESH_TOKEN_KEYS',
  'SIGNING_KEY_ENCRYPTION_KEYS',
  'USERNAME_HASH_KEY',
  'API_KEYS',
] as const

/** Keys that are not stored. */
export const generateKeys = (): Keys => ({
  REFRESH_TOKEN_KEYS: `1:${key()}`,
  SIGNING_KEY_ENCRYPTION_KEYS: `1:${key()}`,
  USERNAME_HASH_KEY: key(),
  API_KEYS: `local=${API_KEY_SCOPES.join('+')}:${key()}`,
})

/**
 * Returns the keys of `<dataDir>/keys`, one file each, generated at the first start. Two processes
 * that start at once get the same keys. Throws a `ConfigError` that names every missing key while
 * the database holds data made with it: a new one would log out every user.
 */
export async function keepKeys({
  dataDir,
  environment,
  databaseUrl,
}: {
  dataDir: string
  environment: Environment
  databaseUrl: string
}): Promise<Keys> {
  const folder = join(dataDir, 'keys')
  const missing = (name: keyof Keys) =>
    (environment[name] ?? '') === '' && !existsSync(join(folder, name))
  const lost = NAMES.some(missing) ? (await findUsedKeys(databaseUrl)).filter(missing) : []
  if (lost.length > 0) {
    throw new ConfigError(
      lost.map(
        (name) =>
          `${name} is missing, but the database holds data made with it; ` +
          `put back the file ${join(folder, name)}, or set ${name} to its value ` +
          `(docs/configuration.md, Keys, if it is lost)`,
      ),
    )
  }
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const fresh = generateKeys()
  const kept = { ...fresh }
  for (const name of NAMES) kept[name] = await keep(join(folder, name), fresh[name])
  return kept
}

/**
 * Returns the keys for an operator command: those of `<dataDir>/keys` where they exist, the others
 * generated and not stored. Throws a `ConfigError` that names every key of `needed` that is
 * missing.
 */
export async function borrowKeys({
  dataDir,
  environment,
  needed,
}: {
  dataDir: string
  environment: Environment
  needed: readonly (keyof Keys)[]
}): Promise<Keys> {
  const file = (name: keyof Keys) => join(dataDir, 'keys', name)
  const missing = needed.filter(
    (name) => (environment[name] ?? '') === '' && !existsSync(file(name)),
  )
  if (missing.length > 0) {
    throw new ConfigError(
      missing.map(
        (name) =>
          `${name} is missing; set it to the value that the services use, or DATA_DIR to their folder`,
      ),
    )
  }
  const keys = generateKeys()
  for (const name of NAMES) if (existsSync(file(name))) keys[name] = await read(file(name))
  return keys
}

const read = async (file: string) => (await readFile(file, 'utf8')).trim()

/**
 * Written completely under another name, then linked, which fails if the file exists: no reader
 * ever sees half a key.
 */
async function keep(file: string, fresh: string): Promise<string> {
  const temporary = `${file}.${randomBytes(4).toString('hex')}`
  await writeFile(temporary, `${fresh}\n`, { mode: 0o600, flush: true })
  try {
    await link(temporary, file)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  } finally {
    await rm(temporary)
  }
  return read(file)
}
