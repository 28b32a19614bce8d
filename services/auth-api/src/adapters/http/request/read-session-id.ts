const HEAD = /^art_(A[Q-Za-f][\w-]{30})/
const ID_BYTES = [2, 18] as const

/**
 * Reads the session id of a refresh token, which contains it unencrypted: `art_` + base64url(version
 * 1 | kid 1 | session id 16 | ...). It proves nothing. `undefined` for another form.
 */
export function readSessionId(refreshToken: string): string | undefined {
  const head = HEAD.exec(refreshToken)?.[1]
  if (head === undefined) return undefined
  const hex = Buffer.from(head, 'base64url')
    .subarray(...ID_BYTES)
    .toString('hex')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
