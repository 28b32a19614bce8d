import { parseCanonicalJson } from './parse-canonical-json.ts'

/**
 * Our tokens have about 700 characters, with the longest name, claims and methods about 5000. The
 * limit bounds the cost of hostile ones.
 */
const MAX_LENGTH = 8192
/** 64 bytes in canonical base64url: the last letter has no spare bits. */
const ES256_SIGNATURE = /^[A-Za-z0-9_-]{85}[AQgw]$/
const KID = /^[A-Za-z0-9_-]{1,64}$/

/** All tokens of a key have the same header, so most are compared and not parsed. */
let accepted: { header: string; kid: string } | undefined

/**
 * Returns the key id of a compact JWS in the form of our access tokens (RFC 7515, RFC 9068): three
 * canonical parts, and exactly the header `{alg: ES256, typ: at+jwt, kid}` in any order. Returns
 * `undefined` for any other header, such as one with `crit`, `jku`, `jwk` or `x5u`.
 */
export function parseJwsHeader(token: string): { kid: string } | undefined {
  if (token.length > MAX_LENGTH) return undefined
  const [header = '', , signature = '', ...rest] = token.split('.')
  if (rest.length > 0 || !ES256_SIGNATURE.test(signature)) return undefined
  if (header === accepted?.header) return accepted
  const value = parseCanonicalJson(header)
  if (typeof value !== 'object' || value === null) return undefined
  const { alg, typ, kid, ...more } = {
    alg: undefined,
    typ: undefined,
    kid: undefined,
    ...value,
  } as const satisfies Record<string, unknown>
  if (
    alg !== 'ES256' ||
    typ !== 'at+jwt' ||
    typeof kid !== 'string' ||
    !KID.test(kid) ||
    Object.keys(more).length > 0
  )
    return undefined
  accepted = { header, kid }
  return accepted
}
