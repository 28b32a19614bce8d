/**
 * Whether a token is missing. Clients that concatenate strings send the words `null` and
 * `undefined`.
 */
export function isNone(
  token: string | null | undefined,
): token is '' | 'null' | 'undefined' | null | undefined {
  return (
    token === undefined ||
    token === null ||
    token === '' ||
    token === 'null' ||
    token === 'undefined'
  )
}
