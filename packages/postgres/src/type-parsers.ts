import { types, type CustomTypesConfig } from 'pg'

const INT8 = 20
const TIMESTAMPTZ = 1184

const toUnixMs = types.getTypeParser(TIMESTAMPTZ)

/** `timestamptz` becomes Unix milliseconds, `int8` a number (ours stay below 2^53). All else as `pg` does it. */
export const typeParsers: CustomTypesConfig = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (format === 'binary') return types.getTypeParser(oid, 'binary')
    if (oid === TIMESTAMPTZ) return (text: string) => Number(toUnixMs(text))
    if (oid === INT8) return Number
    return types.getTypeParser(oid, 'text')
  },
}
