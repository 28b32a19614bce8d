import { fileURLToPath } from 'node:url'

/** What `migrate` and `checkSchema` of @auto-refresh/postgres need to know. */
export const AUTH_API_MIGRATIONS = {
  schema: 'auth_api',
  directory: fileURLToPath(new URL('../migrations', import.meta.url)),
} as const
