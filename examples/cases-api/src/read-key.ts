import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

export type KeyName = 'REVOCATION_FEED_KEYS' | 'RENEWAL_KEYS'

/** A key from the environment (the first of its list), or, beside `npm start`, from the file in which that keeps it for its owner alone. */
export async function readKey(name: KeyName, { environment, dataDir }: { environment: NodeJS.ProcessEnv; dataDir: string }): Promise<string> {
  const file = join(dataDir, 'keys', name)
  const list = environment[name] || (await readFile(file, 'utf8').catch(() => ''))
  const key = list.split(',')[0]?.trim() ?? ''
  if (key === '') throw new Error(`There is no ${name}, and no ${file}: start auth-api first (npm start), or set it`)
  return key
}
