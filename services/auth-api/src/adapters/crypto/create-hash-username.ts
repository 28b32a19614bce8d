import { createHmac } from 'node:crypto'
import type { HashUsername } from '../../ports/sign-in-limits.ts'

/**
 * Hashes user names with a key: without it no list of names can be matched with the audit trail.
 */
export function createHashUsername({ key }: { key: Buffer }): HashUsername {
  return (usernameKey) => createHmac('sha256', key).update(usernameKey, 'utf8').digest('base64url')
}
