/** A pair as the API writes it. */
export type TokenData = { access_token: string; refresh_token?: string | undefined; token_type: string; expires_in: number }

/** What is kept of a session, in memory and in the storage. */
export type Session = {
  accessToken: string
  /** Absent with the cookie transport, where no script ever sees it. */
  refreshToken?: string | undefined
  /** The local clock when the pair arrived, epoch milliseconds; 0 when nobody noted it. */
  receivedAt: number
  /** What the access token had left to live when it arrived, milliseconds; 0 when unknown. */
  lifetimeMs: number
  /** The session ends with this access token: renewing it early gains nothing. */
  isLast?: boolean
  /** The Idempotency-Key under which this pair is being renewed: kept until the answer is stored, over a reload too. */
  attemptKey?: string | undefined
}

const decode = (base64url: string) => atob(base64url.replaceAll('-', '+').replaceAll('_', '/'))

/** Session and generation stand in clear in a refresh token: art_ + base64url(version 1 | kid 1 | session id 16 | generation 6 | ...). */
export function readRefreshToken(session: Session | undefined): { sessionId?: string; generation?: number } {
  const head = /^art_(A[Q-Za-f][\w-]{30})/.exec(session?.refreshToken ?? '')?.[1]
  if (head === undefined) return {}
  const hex = Array.from(decode(head), (byte) => byte.charCodeAt(0).toString(16).padStart(2, '0')).join('')
  return { sessionId: hex.slice(4, 36).replace(/(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'), generation: Number(`0x${hex.slice(36)}`) }
}

/** As far as can be seen: tokens of another make and those in a cookie do not tell. */
export const isSameSession = (a: Session | undefined, b: Session | undefined): boolean => readRefreshToken(a).sessionId === readRefreshToken(b).sessionId

/** How many generations `a` is ahead of `b`; NaN when they are not two pairs of one session, or do not tell. */
export const generationsAhead = (a: Session | undefined, b: Session | undefined): number => (isSameSession(a, b) ? Number(readRefreshToken(a).generation) - Number(readRefreshToken(b).generation) : Number.NaN)

/** The same pair, whatever is noted beside it: no two pairs share an access token. */
export const isSamePair = (a: Session | undefined, b: Session | undefined): boolean => a?.accessToken === b?.accessToken

/**
 * A pair that has just arrived. Its life is counted from now: `expires_in`, else what the access token says, and of that only
 * the difference of two times of the server. The local clock may be a day wrong.
 */
export function toSession({ access_token: accessToken, refresh_token: refreshToken, expires_in: seconds }: Partial<TokenData> & { access_token: string }): Session {
  let claims: { exp?: number; iat?: number; session_exp?: number } = {}
  try {
    claims = JSON.parse(decode(accessToken.split('.')[1] ?? '')) as typeof claims
  } catch {
    // Not a JWT that we know: its life ends with the first 401.
  }
  const { exp = 0, iat = 0, session_exp: sessionEnd = Infinity } = claims
  return { accessToken, refreshToken, receivedAt: Date.now(), lifetimeMs: (seconds ?? exp - iat) * 1000, isLast: sessionEnd <= exp }
}
