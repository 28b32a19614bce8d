import { readFile, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { findPostmaster } from './postmaster.ts'
import { toUrl } from './server.ts'

/** Finds the embedded Postgres that runs on this directory, without taking it over. */
export async function findEmbeddedPostgres({
  dataDir,
}: {
  dataDir: string
}): Promise<{ url: string } | undefined> {
  const folder = await realpath(join(dataDir, 'postgres')).catch(() => undefined)
  if (folder === undefined) return undefined
  const running = await findPostmaster(join(folder, 'data'))
  if (running === undefined) return undefined
  return {
    url: toUrl({ password: await readFile(join(folder, 'password'), 'utf8') }, running.port),
  }
}
