import { createHmac } from 'node:crypto'
import type { HashUsername } from '../../ports/sign-in-limits.ts'

/** Keyed, so that a list of names cannot be tried against the audit trail without the key. */
export function createHashUsername({ key }: { key: Buffer }): HashUsername {
  return (usernameKey) => createHmac('sha256', key).update(usernameKey, 'utf8').digest('base64url')
}
