import { CodedError } from '@auto-refresh/contracts'

/** Far more than any grant has. */
const MAX_PARAMETERS = 32
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export type FormBody = Readonly<Record<string, string>>

/**
 * Parses an `application/x-www-form-urlencoded` body strictly. A parameter without a value counts
 * as absent (RFC 6749 §3.2). Throws `CodedError('invalid_request')` for a duplicate parameter, more
 * than 32 parameters, and text that is not UTF-8 in percent encoding.
 */
export function parseFormBody(bytes: Buffer): FormBody {
  const pairs = decode(bytes).split('&', MAX_PARAMETERS + 1)
  if (pairs.length > MAX_PARAMETERS) throw refuse('has too many parameters')
  const seen = new Set<string>()
  const present: [string, string][] = []
  for (const pair of pairs.filter((each) => each !== '')) {
    const equals = pair.indexOf('=')
    const name = unescape(equals < 0 ? pair : pair.slice(0, equals))
    const value = equals < 0 ? '' : unescape(pair.slice(equals + 1))
    if (seen.has(name)) throw refuse('has a duplicate parameter')
    seen.add(name)
    if (value !== '') present.push([name, value])
  }
  return Object.fromEntries(present)
}

function decode(bytes: Buffer): string {
  try {
    return decoder.decode(bytes)
  } catch (cause) {
    throw refuse('is not UTF-8', cause)
  }
}

function unescape(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch (cause) {
    throw refuse('is not UTF-8 in percent encoding', cause)
  }
}

const refuse = (why: string, cause?: unknown) =>
  new CodedError('invalid_request', { detail: `The body ${why}`, cause })
