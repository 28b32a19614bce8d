import { CodedError } from '@auto-refresh/contracts'

const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/
const WRONG = 'The cursor is not valid; send next of the page before, unchanged'

/** Encodes a position, so that clients do not depend on its form. */
export const toCursor = (position: readonly string[]): string =>
  Buffer.from(position.join(' ')).toString('base64url')

/** Decodes the cursor of a timeline. Throws `CodedError('invalid_request')`. */
export function parseTimelineCursor(cursor: string): {
  order: 'oldest' | 'newest'
  moment: string
} {
  const [order = '', moment = '', ...more] = decode(cursor).split(' ')
  if ((order !== 'oldest' && order !== 'newest') || !isMoment(moment) || more.length > 0)
    throw new CodedError('invalid_request', { detail: WRONG })
  return { order, moment }
}

/** Decodes the cursor of detections. Throws `CodedError('invalid_request')`. */
export function parseDetectionsCursor(cursor: string): { at: string; id: string } {
  const [at = '', id = '', ...more] = decode(cursor).split(' ')
  if (!isMoment(at) || !UUID.test(id) || more.length > 0)
    throw new CodedError('invalid_request', { detail: WRONG })
  return { at, id }
}

const decode = (cursor: string) => Buffer.from(cursor, 'base64url').toString()
/** A month 13, a 30th of February or a year 0 would be an error of the database. */
function isMoment(text: string): boolean {
  const ms = MOMENT.test(text) && text >= '0001' ? Date.parse(text) : Number.NaN
  return !Number.isNaN(ms) && new Date(ms).toISOString().slice(0, 19) === text.slice(0, 19)
}

/** A time of a query as a moment. Throws `CodedError('invalid_request')`. */
export function toMoment(time: string): string {
  const ms = Date.parse(time)
  // Postgres knows no year 0, and four digits sort like times.
  if (Number.isNaN(ms) || ms < 0 || ms > Date.UTC(9999, 0))
    throw new CodedError('invalid_request', { detail: 'since is not a time from 1970 to 9998' })
  return `${new Date(ms).toISOString().slice(0, 23)}000Z`
}

/** The last moment before a moment, because a window begins after its `from`. */
export const toMomentBefore = (moment: string): string =>
  `${new Date(Date.parse(moment) - 1).toISOString().slice(0, 23)}999Z`
