const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The value of a base64url part of a JWT, if it is written exactly as its issuer writes it: no
 * padding, blanks, spare bits or foreign letters (Node's decoder takes them all), and JSON as
 * `JSON.stringify` prints it, which leaves no room for duplicate keys or escaped names. `undefined`
 * for everything else.
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

export function decodeCanonical(part: string): Buffer | undefined {
  const bytes = Buffer.from(part, 'base64url')
  return bytes.length > 0 && bytes.toString('base64url') === part ? bytes : undefined
}
