const NAME =
  '[a-z_-]{0,40}(?:token|secret|password|password_?hash|passphrase|keys?|cookie|authorization|nonce)'
const STRING = String.raw`"(?:[^"\\]|\\.)*"`

const NAMED = new RegExp(
  String.raw`("${NAME}":)(?:${STRING}|\[(?:${STRING},?)+\]|-?\d[\d.]*)`,
  'gi',
)
/** JSON quoted inside a string, `\"password\":\"...\"`, and form fields, `password=...`. */
const NAMED_IN_TEXT = new RegExp(String.raw`(\\"${NAME}\\"\s*:\s*\\"|\b${NAME}=)[^"\\&\s]+`, 'gi')
const BYTES = /\{"type":"Buffer","data":\[[\d,]*\]\}/g
/** Refresh tokens, and one-time tokens that set a password. */
const OPAQUE_TOKEN = /(ar[pt]_)[A-Za-z0-9_-]{20,}/g
const JWT = /eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){0,2}/g
const CREDENTIALS = /\b(bearer|basic) [A-Za-z0-9._~+/=-]{8,}/gi
const URL_PASSWORD = /(:\/\/[^/\s:@"]*):[^@\s"/]+@/g

/**
 * Masks the secrets in one line of JSON, by field name and by shape, at any depth, in messages and in
 * stacks. It is the last step before a line is written, so it does not depend on the caller.
 */
export function maskSecrets(line: string): string {
  const named = line.replace(BYTES, '"[masked]"').replace(NAMED, '$1"[masked]"')
  // Most lines contain neither, and this pattern costs 2 us.
  const quoted =
    named.includes('=') || named.includes('\\"')
      ? named.replace(NAMED_IN_TEXT, '$1[masked]')
      : named
  return maskTokens(quoted).replace(URL_PASSWORD, '$1:[masked]@')
}

/**
 * Masks text shaped like a token or a header credential, for stored input of clients such as a
 * `User-Agent`.
 */
export function maskTokens(text: string): string {
  return text
    .replace(OPAQUE_TOKEN, '$1[masked]')
    .replace(JWT, 'eyJ[masked]')
    .replace(CREDENTIALS, '$1 [masked]')
}
