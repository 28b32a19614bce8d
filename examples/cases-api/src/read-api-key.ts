import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Returns the secret of this back end's API key: `API_KEY` of the environment, else the file of
 * that name in `SECRETS_DIR` or `/run/secrets`, or, beside `npm start`, the key that it generated
 * for its owner. Throws an error that says what to do.
 */
export async function readApiKey({
  environment,
  dataDir,
}: {
  environment: NodeJS.ProcessEnv
  dataDir: string
}): Promise<string> {
  const generated = join(dataDir, 'keys', 'API_KEYS')
  const key =
    environment['API_KEY'] ||
    (await read(join(environment['SECRETS_DIR'] || '/run/secrets', 'API_KEY'))) ||
    toSecret(await read(generated))
  if (key === '')
    throw new Error(
      `There is no API_KEY, and no ${generated}: start auth-api first (npm start), or set it`,
    )
  return key
}

/** The secret of the first entry of `name=scope+scope:secret,...`. */
const toSecret = (apiKeys: string) => apiKeys.split(',')[0]?.split(':').at(-1)?.trim() ?? ''

/** Returns the text of a file, or an empty text if there is none. */
async function read(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return ''
    throw error
  }
}
