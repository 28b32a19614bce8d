import { fileURLToPath } from 'node:url'

/** The schema that this service owns. */
export const TOKEN_STORE_MIGRATIONS = {
  schema: 'token_store',
  directory: fileURLToPath(new URL('../migrations', import.meta.url)),
}
