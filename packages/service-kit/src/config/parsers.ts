import { isIP } from 'node:net'

/** The value, or the fault of the text. The fault never repeats the text. */
export type Parsed<T> = { value: T } | { wrong: string }
export type Parse<T> = (text: string) => Parsed<T>

const wrong = (why: string) => ({ wrong: why })
const accept =
  (test: (text: string) => boolean): Parse<string> =>
  (text) =>
    test(text) ? { value: text } : wrong('is not valid')

/** A strict decimal: no hex, no exponent, no blanks, no sign but a leading minus. */
export function parseNumber(
  shape: 'integer' | 'decimal',
  { min = -Infinity, max = Infinity, below = Infinity }: Range,
): Parse<number> {
  const pattern = shape === 'integer' ? /^-?(0|[1-9]\d*)$/ : /^-?(0|[1-9]\d*)(\.\d+)?$/
  return (text) => {
    if (!pattern.test(text)) return wrong('is not a strict decimal number')
    const value = Number(text)
    const exact = shape === 'decimal' ? Number.isFinite(value) : Number.isSafeInteger(value)
    return exact && value >= min && value <= max && value < below
      ? { value }
      : wrong('is out of range')
  }
}
export type Range = { min?: number; max?: number; below?: number }

/** A decimal number, or two with a slash between them; the second is at most the first. */
export function parseNumberOrTwo(range: Range): Parse<readonly [number, number]> {
  const parse = parseNumber('decimal', range)
  return (text) => {
    const slash = text.indexOf('/')
    const first = parse(slash < 0 ? text : text.slice(0, slash))
    const second = slash < 0 ? first : parse(text.slice(slash + 1))
    if ('wrong' in first) return first
    if ('wrong' in second) return second
    return second.value <= first.value
      ? { value: [first.value, second.value] }
      : wrong('has a second number above the first')
  }
}

/** ` from 1 to 10`, or nothing. */
export function rangeInWords({ min, max, below }: Range): string {
  const words = [
    ...(min === undefined ? [] : [max === undefined ? `at least ${min}` : `from ${min}`]),
    ...(max === undefined ? [] : [min === undefined ? `at most ${max}` : `to ${max}`]),
    ...(below === undefined ? [] : [`below ${below}`]),
  ]
  return words.length === 0 ? '' : ` ${words.join(' ')}`
}

export const parseText = accept((text) => !/\p{Cc}/u.test(text))
export const parseHost = accept(
  (text) => isIP(text) > 0 || /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/i.test(text),
)
/** RFC 6265 §4.1.1; a leading dot means nothing. */
export const parseDomain = accept((text) =>
  /^\.?[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/i.test(
    text,
  ),
)
export const parseSecret: Parse<string> = (text) => {
  if (!/^[\x21-\x7e]{32,}$/.test(text)) return wrong('is not valid')
  return new Set(text).size >= 8
    ? { value: text }
    : wrong('has too few different characters to be random')
}
/** Schemes whose pages have no origin, or `null`. */
const NO_ORIGIN = /^(?:file|data|blob|javascript|about|ftp|wss?):/
/** Pages of apps and browser extensions: `capacitor://localhost`, `chrome-extension://<id>`. */
const APP_ORIGIN =
  /^[a-z][a-z0-9+.-]*:\/\/[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?(?::[1-9]\d{0,4})?$/
export const parseOrigin = accept((text) =>
  /^https?:/i.test(text)
    ? URL.canParse(text) && new URL(text).origin === text
    : APP_ORIGIN.test(text) && !NO_ORIGIN.test(text),
)

/**
 * Adds a host, for `URL.parse`: libpq writes a Unix socket as
 * `postgres://user@/db?host=/run/postgresql`, with credentials and no host.
 */
const withHost = (text: string) =>
  text.replace(/^(postgres(?:ql)?:\/\/[^/?#]*@)(?=[/?]|$)/i, '$1localhost')

export const parseUrl = (protocols: readonly string[]) =>
  accept(
    (text) =>
      /^[a-z]+:\/\//i.test(text) && protocols.includes(URL.parse(withHost(text))?.protocol ?? ''),
  )

/** One address, or a block: `10.0.0.0/8`. A block of all addresses would trust everybody. */
export const parseAddressBlock = accept((text) => {
  const [address = '', bits, ...rest] = text.split('/')
  const size = isIP(address) === 4 ? 32 : 128
  return (
    rest.length === 0 &&
    isIP(address) > 0 &&
    (bits === undefined || 'value' in parseNumber('integer', { min: 1, max: size })(bits))
  )
})

export const parseHostAndPort = accept((text) => {
  const colon = text.lastIndexOf(':')
  const host = text.slice(0, colon).replace(/^\[(.*)\]$/, '$1')
  return (
    colon > 0 &&
    'value' in parseHost(host) &&
    'value' in parseNumber('integer', { min: 1, max: 65_535 })(text.slice(colon + 1))
  )
})

/** 32 random bytes have about 30 different values; zeros, repeats and samples fewer than 10. */
const refuseWeak = (value: Buffer): Parsed<Buffer> =>
  new Set(value).size >= 10 ? { value } : wrong('has too few different bytes to be random')

/** Canonical base64 of at least 32 bytes, as `openssl rand -base64 32` prints it. */
export const parseKey: Parse<Buffer> = (text) => {
  const value = Buffer.from(text, 'base64')
  if (value.toString('base64') !== text) return wrong('is not base64')
  return value.length >= 32 ? refuseWeak(value) : wrong('is shorter than 32 bytes')
}

/** A secret of Standard Webhooks: `whsec_` and canonical base64 of 24 to 64 bytes. */
export const parseWebhookSecret: Parse<Buffer> = (text) => {
  const value = Buffer.from(text.slice('whsec_'.length), 'base64')
  if (text !== `whsec_${value.toString('base64')}`) return wrong('is not whsec_ and base64')
  return value.length >= 24 && value.length <= 64
    ? refuseWeak(value)
    : wrong('must be 24 to 64 bytes long')
}

/** `kid:base64`. */
export function parseKidAndKey<Kid>(parseKid: Parse<Kid>): Parse<{ kid: Kid; key: Buffer }> {
  return (text) => {
    const colon = text.indexOf(':')
    const kid = parseKid(text.slice(0, Math.max(colon, 0)))
    if ('wrong' in kid) return wrong('has no valid kid')
    const key = parseKey(text.slice(colon + 1))
    return 'wrong' in key ? key : { value: { kid: kid.value, key: key.value } }
  }
}
export const parseKidName = accept((text) => /^[A-Za-z0-9._-]{1,64}$/.test(text))

export type Limit = Readonly<{ points: number; seconds: number }>
/** `count/seconds`, or `off`. */
export const parseLimit: Parse<Limit | 'off'> = (text) => {
  if (text === 'off') return { value: 'off' }
  const match = /^([1-9]\d{0,8})\/([1-9]\d{0,8})$/.exec(text)
  return match === null
    ? wrong('is not valid')
    : { value: { points: Number(match[1]), seconds: Number(match[2]) } }
}

/** Entries separated by commas; blanks around them are ignored. */
export function parseList<T>(parseEntry: Parse<T>, identity: (entry: T) => unknown): Parse<T[]> {
  return (text) => {
    const entries = text.split(',').map((entry) => parseEntry(entry.trim()))
    const fault = entries.findIndex((entry) => 'wrong' in entry)
    const at = entries[fault]
    if (at !== undefined && 'wrong' in at)
      return wrong(`has an entry (number ${fault + 1}) that ${at.wrong}`)
    const values = entries.flatMap((entry) => ('value' in entry ? [entry.value] : []))
    return new Set(values.map(identity)).size === values.length
      ? { value: values }
      : wrong('names the same entry twice')
  }
}
