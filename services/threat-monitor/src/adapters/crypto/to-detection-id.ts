import { createHash } from 'node:crypto'
import type { ToDetectionId } from '../../ports.ts'

/**
 * Returns a UUIDv8 (RFC 9562) of pattern, subject and the event that reached the threshold: a
 * detection that is published twice has one id.
 */
export const toDetectionId: ToDetectionId = ({ pattern, subject, eventId }) => {
  const hash = createHash('sha256')
    .update(JSON.stringify([pattern, subject, eventId]))
    .digest('hex')
  const variant = ((Number.parseInt(hash.charAt(16), 16) & 0x3) | 0x8).toString(16)
  return [
    hash.slice(0, 8),
    hash.slice(8, 12),
    `8${hash.slice(13, 16)}`,
    variant + hash.slice(17, 20),
    hash.slice(20, 32),
  ].join('-')
}
