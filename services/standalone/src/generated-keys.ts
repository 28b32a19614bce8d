import { randomBytes } from 'node:crypto'
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const key = () => randomBytes(32).toString('base64')

/** The settings that nobody has to make up to try the product. */
export type Keys = Readonly<Record<'REFRESH_TOKEN_KEYS' | 'SIGNING_KEY_ENCRYPTION_KEYS' | 'USERNAME_HASH_KEY' | 'REVOCATION_FEED_KEYS' | 'RENEWAL_KEYS', string>>

/** Keys that are kept nowhere. */
export const generateKeys = (): Keys => ({
  REFRESH_TOKEN_KEYS: `1:${key()}`,
  SIGNING_KEY_ENCRYPTION_KEYS: `1:${key()}`,
  USERNAME_HASH_KEY: key(),
  REVOCATION_FEED_KEYS: key(),
  RENEWAL_KEYS: key(),
})

/** The keys of `<dataDir>/keys`, one file each, made at the first start. Two that start at once get the same ones. */
export async function keepKeys(dataDir: string): Promise<Keys> {
  const folder = join(dataDir, 'keys')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const fresh = generateKeys()
  const keepAs = (name: keyof Keys) => keep(join(folder, name), fresh[name])
  return {
    REFRESH_TOKEN_KEYS: await keepAs('REFRESH_TOKEN_KEYS'),
    SIGNING_KEY_ENCRYPTION_KEYS: await keepAs('SIGNING_KEY_ENCRYPTION_KEYS'),
    USERNAME_HASH_KEY: await keepAs('USERNAME_HASH_KEY'),
    REVOCATION_FEED_KEYS: await keepAs('REVOCATION_FEED_KEYS'),
    RENEWAL_KEYS: await keepAs('RENEWAL_KEYS'),
  }
}

/** Written whole under another name, then linked, which fails where the file is there already: no reader ever sees half a key. */
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
  return (await readFile(file, 'utf8')).trim()
}
