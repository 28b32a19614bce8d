import { fileURLToPath } from 'node:url'
import { checkSchema } from '@auto-refresh/service-kit/postgres'

export const TOKEN_STORE_MIGRATIONS = {
  schema: 'token_store',
  directory: fileURLToPath(new URL('../migrations', import.meta.url)),
}

export function checkTokenStoreSchema(
  pool: Parameters<typeof checkSchema>[0]['pool'],
): Promise<void> {
  return checkSchema({ pool, ...TOKEN_STORE_MIGRATIONS })
}
