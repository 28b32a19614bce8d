import { fileURLToPath } from 'node:url'

/** The schema that this service owns. */
export const CLEANUP_WORKER_MIGRATIONS = {
  schema: 'cleanup',
  directory: fileURLToPath(new URL('../migrations', import.meta.url)),
}
