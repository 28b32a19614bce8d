/**
 * Parses a base64url part of a JWT, if it is written exactly as its issuer writes it: without
 * padding, blanks, spare bits, foreign letters or invalid UTF-8 (Node's decoder accepts all of
 * them), and with JSON as `JSON.stringify` prints it, which excludes duplicate keys and escaped
 * names. Returns `undefined` for everything else.
 */
export function parseCanonicalJson(part: string): unknown {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    // One comparison covers the encoding and the JSON.
    return Buffer.from(JSON.stringify(value)).toString('base64url') === part ? value : undefined
  } catch {
    return undefined
  }
}
