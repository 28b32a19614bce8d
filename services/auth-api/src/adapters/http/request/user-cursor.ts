import { CodedError } from '@auto-refresh/contracts'
import type { UserCursor } from '../../../ports/user-directory.ts'

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Writes a place in the list of users as text for the next request. */
export const encodeUserCursor = ({ name, id }: UserCursor): string =>
  Buffer.from(`${id}${name}`).toString('base64url')

/** Reads it. Throws `CodedError('invalid_request')` for any other text. */
export function decodeUserCursor(text: string): UserCursor {
  const decoded = Buffer.from(text, 'base64url').toString()
  const [id, name] = [decoded.slice(0, 36), decoded.slice(36)]
  if (!UUID.test(id) || /\p{Cc}/u.test(name))
    throw new CodedError('invalid_request', { detail: 'The cursor is not `next` of a page' })
  return { id, name }
}
