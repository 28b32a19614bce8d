import { fileURLToPath } from 'node:url'

/** Schema and migrations, for `migrate` and `checkSchema` of @auto-refresh/service-kit/postgres. */
export const AUTH_API_MIGRATIONS = {
  schema: 'auth_api',
  directory: fileURLToPath(new URL('../migrations', import.meta.url)),
} as const
