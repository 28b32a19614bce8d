import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

export type KeyName = 'REVOCATION_FEED_KEYS' | 'RENEWAL_KEYS'

/**
 * Returns a key from the environment (the first of its list), else from the file of its name in
 * `SECRETS_DIR` or `/run/secrets`, or, beside `npm start`, from the file in which that stores it
 * for its owner. Throws an error that says what to do.
 */
export async function readKey(
  name: KeyName,
  { environment, dataDir }: { environment: NodeJS.ProcessEnv; dataDir: string },
): Promise<string> {
  const file = join(dataDir, 'keys', name)
  const files = [join(environment['SECRETS_DIR'] || '/run/secrets', name), file]
  const list = environment[name] || (await readFirst(files))
  const key = list.split(',')[0]?.trim() ?? ''
  if (key === '')
    throw new Error(
      `There is no ${name}, and no ${file}: start auth-api first (npm start), or set it`,
    )
  return key
}

/**
 * Returns the text of the first file that exists, or an empty text. Throws if a file exists but
 * cannot be read.
 */
async function readFirst(files: readonly string[]): Promise<string> {
  for (const file of files) {
    try {
      return await readFile(file, 'utf8')
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
    }
  }
  return ''
}
