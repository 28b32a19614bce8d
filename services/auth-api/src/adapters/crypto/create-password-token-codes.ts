import { hash } from 'node:crypto'
import type { PasswordTokenCodes } from '../../ports/password-tokens.ts'

/** Logs mask what begins so, and scanners of secrets can find it. */
const PREFIX = 'arp_'
const SECRET_BYTES = 32

/** Draws tokens of 256 random bits, so that a plain SHA-256 protects them. */
export function createPasswordTokenCodes({
  randomBytes,
}: {
  randomBytes: (size: number) => Buffer
}): PasswordTokenCodes {
  const toHash = (token: string) => hash('sha256', token, 'buffer')
  return {
    create() {
      const token = `${PREFIX}${randomBytes(SECRET_BYTES).toString('base64url')}`
      return { token, tokenHash: toHash(token) }
    },
    toHash,
  }
}
