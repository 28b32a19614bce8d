import { createHash, createHmac } from 'node:crypto'
import { crc32 } from 'node:zlib'

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** The nonce of generated session `index`; fill-sessions.ts stores its hash. */
export const toNonce = (index: number) => createHash('md5').update(`nonce ${index}`).digest()

/**
 * Returns the refresh token of generation 0 of a generated session, in the format of token-store
 * (its create-refresh-tokens.ts), under the key of kid 1.
 */
export function mintRefreshToken(key: Buffer, sessionId: string, nonce: Buffer): string {
  const bytes = Buffer.alloc(72)
  bytes.writeUInt8(1, 0)
  bytes.writeUInt8(1, 1)
  bytes.write(sessionId.replaceAll('-', ''), 2, 'hex')
  nonce.copy(bytes, 24)
  createHmac('sha256', key).update(bytes.subarray(0, 40)).digest().copy(bytes, 40)
  const body = `art_${bytes.toString('base64url')}`
  let checksum = ''
  for (let i = 0, rest = crc32(body); i < 6; i += 1, rest = Math.floor(rest / 62))
    checksum = BASE62.charAt(rest % 62) + checksum
  return `${body}${checksum}`
}
