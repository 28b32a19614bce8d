import { createHmac, createSecretKey } from 'node:crypto'
import type { HashUsername } from '../../ports/sign-in-limits.ts'

/**
 * Hashes user names with a key: without it no list of names can be matched with the audit trail.
 */
export function createHashUsername({ key }: { key: Buffer }): HashUsername {
  const secret = createSecretKey(key)
  return (usernameKey) =>
    createHmac('sha256', secret).update(usernameKey, 'utf8').digest('base64url')
}
