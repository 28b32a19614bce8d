import { types, type CustomTypesConfig } from 'pg'

const INT8 = 20
const FLOAT8 = 701
const TIMESTAMPTZ = 1184

const toDate = types.getTypeParser(TIMESTAMPTZ)

/**
 * Parses `timestamptz` to Unix milliseconds, `int8` and `float8` to numbers (integers stay below
 * 2^53), and the rest as pg does. Throws for an unexpected format, such as another `DateStyle`: pg
 * would return null, which counts as 1970, and every session would have expired. So the query fails
 * and the caller gets a 503.
 */
export const typeParsers: CustomTypesConfig = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (format === 'binary') return types.getTypeParser(oid, 'binary')
    if (oid === TIMESTAMPTZ) return toUnixMs
    if (oid === INT8) return toInteger
    if (oid === FLOAT8) return toNumber
    return types.getTypeParser(oid, 'text')
  },
}

/**
 * Accepts the format of `DateStyle` ISO with an offset, and `infinity` and `-infinity`. Times in UTC,
 * the zone of our connections, take the fast parser of JavaScript: a session has ten.
 */
function toUnixMs(text: string): number {
  if (text.endsWith('+00') && text.charAt(4) === '-' && text.charAt(10) === ' ') {
    const ms = Date.parse(`${text.slice(0, 10)}T${text.slice(11, -3)}Z`)
    if (!Number.isNaN(ms)) return ms
  }
  const isTime =
    /^(\d{4,}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?[+-]\d\d(:\d\d){0,2}( BC)?|-?infinity)$/.test(text)
  const ms = isTime ? Number(toDate(text)) : NaN
  if (Number.isNaN(ms))
    throw new TypeError('Postgres returned a time in an unexpected format: is DateStyle ISO?')
  return ms
}

function toInteger(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isSafeInteger(value))
    throw new TypeError('Postgres returned an integer larger than 2^53')
  return value
}

function toNumber(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || Number.isNaN(value))
    throw new TypeError('Postgres returned a float that is not a number')
  return value
}
