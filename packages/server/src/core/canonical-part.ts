const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Parses a base64url part of a JWT, if it is written exactly as its issuer writes it: without
 * padding, blanks, spare bits or foreign letters (Node's decoder accepts all of them), and with
 * JSON as `JSON.stringify` prints it, which excludes duplicate keys and escaped names. Returns
 * `undefined` for everything else.
 */
export function parseCanonicalJson(part: string): unknown {
  const bytes = decodeCanonical(part)
  if (bytes === undefined) return undefined
  try {
    const text = decoder.decode(bytes)
    const value: unknown = JSON.parse(text)
    return JSON.stringify(value) === text ? value : undefined
  } catch {
    return undefined
  }
}

/** Decodes base64url; `undefined` unless encoding the bytes gives the same text. */
export function decodeCanonical(part: string): Buffer | undefined {
  const bytes = Buffer.from(part, 'base64url')
  return bytes.length > 0 && bytes.toString('base64url') === part ? bytes : undefined
}
