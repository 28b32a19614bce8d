import { CodedError } from '@auto-refresh/contracts'

const MAX_DEPTH = 5
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const POISON: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

const TOKEN_ONLY = /^\{"refresh_token":"[\w.~+/=-]*"\}$/
/** The strings, colons and brackets of a text that is valid JSON. */
const TOKENS = /"(?:[^"\\]|\\.)*"|[{}[\]:]/g

/**
 * Parses a JSON body strictly. Refuses what JSON.parse accepts: duplicate keys, invalid UTF-8, keys
 * that reach a prototype, lone surrogates, and more than five levels. Returns `undefined` for an
 * empty body. Throws `CodedError('invalid_request')`.
 */
export function parseJsonBody(bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined
  const { text, value } = parse(bytes)
  // Has no second key, no level below and no escape. Most bodies have this form.
  if (TOKEN_ONLY.test(text)) return value
  const scopes: (Set<string> | undefined)[] = []
  let last = ''
  for (const [token] of text.matchAll(TOKENS)) {
    if (token === '{' || token === '[') scopes.push(token === '{' ? new Set() : undefined)
    else if (token === '}' || token === ']') scopes.pop()
    else if (token === ':') addKey(scopes.at(-1), last)
    else last = toCleanText(token)
    if (scopes.length > MAX_DEPTH) throw refuse('is nested too deeply')
  }
  return value
}

function parse(bytes: Buffer): { text: string; value: unknown } {
  try {
    const text = decoder.decode(bytes)
    return { text, value: JSON.parse(text) }
  } catch (cause) {
    throw refuse('is not JSON in UTF-8', cause)
  }
}

function addKey(keys: Set<string> | undefined, key: string): void {
  if (keys?.has(key) === true) throw refuse('has a duplicate key')
  if (POISON.has(key)) throw refuse('has a forbidden key')
  keys?.add(key)
}

function toCleanText(token: string): string {
  const text = String(JSON.parse(token))
  if (!text.isWellFormed()) throw refuse('has a lone surrogate')
  return text
}

const refuse = (why: string, cause?: unknown) =>
  new CodedError('invalid_request', { detail: `The body ${why}`, cause })
