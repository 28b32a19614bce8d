import { API_KEY_SCOPES, type ApiKey, type ApiKeyScope } from '@auto-refresh/contracts'
import { parseSecret, type Parse } from './parsers.ts'

export const API_KEYS_IN_WORDS =
  'entries of name=scope+scope:secret, separated by commas; a name has at most 31 of a-z 0-9 -, ' +
  `a secret at least 32 visible characters; the scopes are ${API_KEY_SCOPES.join(', ')}`

/** Shorter than a secret, so that a secret in the wrong place is never taken for a name. */
const NAMED = /^([a-z0-9-]{1,31})=(.*)$/
/** Scopes contain a colon too; the secret may contain any character but a comma. */
const SCOPES_AND_SECRET = /^((?:[a-z]+:[a-z]+)(?:\+[a-z]+:[a-z]+)*):(.*)$/

type Entry = Readonly<{ place: string; key: ApiKey } | { fault: string }>

/**
 * Parses `API_KEYS`. All faulty entries are reported at once, by their number and name: a text that
 * is not a valid name may be a part of a secret, and so may an unknown scope.
 */
export const parseApiKeys: Parse<ApiKey[]> = (text) => {
  const entries = text.split(',').map((entry, index) => parseEntry(entry.trim(), index + 1))
  const placeOf = new Map<string, string>()
  const firstOf = new Map<string, Exclude<Entry, { fault: string }>>()
  const keys: ApiKey[] = []
  const faults: string[] = []
  for (const entry of entries) {
    if ('fault' in entry) {
      faults.push(entry.fault)
      continue
    }
    const { place, key } = entry
    const earlier = placeOf.get(key.secret)
    if (earlier !== undefined) faults.push(`${place} has the same secret as ${earlier}`)
    placeOf.set(key.secret, earlier ?? place)
    const first = firstOf.get(key.name) ?? entry
    if (!isSameSet(first.key.scopes, key.scopes))
      faults.push(`${place} has other scopes than ${first.place}`)
    firstOf.set(key.name, first)
    keys.push(key)
  }
  return faults.length === 0 ? { value: keys } : { wrong: `is not valid: ${faults.join(', ')}` }
}

function parseEntry(text: string, number: number): Entry {
  const [, name, rest = ''] = NAMED.exec(text) ?? []
  if (name === undefined) return { fault: `entry ${number} does not begin with a name and =` }
  const place = `entry ${number} (${name})`
  const [, list = '', secretText] = SCOPES_AND_SECRET.exec(rest) ?? []
  if (secretText === undefined) return { fault: `${place} is not scope+scope:secret` }
  const scopes = [...new Set(list.split('+'))]
  if (!scopes.every(isScope)) return { fault: `${place} has an unknown scope` }
  const secret = parseSecret(secretText)
  if ('wrong' in secret)
    return {
      fault:
        secretText.length < 32
          ? `the secret of ${place} is shorter than 32 characters`
          : `the secret of ${place} ${secret.wrong}`,
    }
  return { place, key: { name, scopes, secret: secret.value } }
}

/** In the audit trail the name stands for what its caller may do, so a name has one set of scopes. */
const isSameSet = (one: readonly string[], other: readonly string[]) =>
  one.length === other.length && one.every((scope) => other.includes(scope))

const isScope = (text: string): text is ApiKeyScope =>
  (API_KEY_SCOPES as readonly string[]).includes(text)
