/** Clients that concatenate strings send these words for a token they do not have. */
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
