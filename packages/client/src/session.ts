/** What is kept of a session, in memory and in the storage. */
export type Session = {
  accessToken: string
  /** Absent with the cookie transport, where no script ever sees it. */
  refreshToken?: string | undefined
  /** The local clock when the pair arrived, epoch milliseconds; 0 when nobody noted it. */
  receivedAt: number
  /** What the access token had left to live when it arrived, milliseconds; 0 when unknown. */
  lifetimeMs: number
  /** The Idempotency-Key under which this pair is being renewed: kept until the answer is stored, over a reload too. */
  attemptKey?: string | undefined
}

/** Session and generation stand in clear in a refresh token: art_ + base64url(version 1 | kid 1 | session id 16 | generation 6 | ...). */
export function readRefreshToken(token: string | undefined): { sessionId: string; generation: number } | undefined {
  const head = /^art_([\w-]{32})/.exec(token ?? '')?.[1]
  if (head === undefined) return undefined
  const hex = Array.from(atob(head.replaceAll('-', '+').replaceAll('_', '/')), (byte) => byte.charCodeAt(0).toString(16).padStart(2, '0')).join('')
  if (!hex.startsWith('01')) return undefined
  return { sessionId: hex.slice(4, 36).replace(/(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'), generation: Number.parseInt(hex.slice(36), 16) }
}

/** How many generations `a` is ahead of `b`; undefined when they are not two pairs of one session. */
export function generationsAhead(a: Session | undefined, b: Session | undefined): number | undefined {
  const left = readRefreshToken(a?.refreshToken)
  const right = readRefreshToken(b?.refreshToken)
  return left !== undefined && left.sessionId === right?.sessionId ? left.generation - right.generation : undefined
}

/** The same pair, whatever is noted beside it. */
export const isSamePair = (a: Session | undefined, b: Session | undefined): boolean => a?.accessToken === b?.accessToken && a?.refreshToken === b?.refreshToken

/**
 * What an access token says of its own life. Differences of the server's times only: the local clock may be a day wrong.
 * `isLast`: the session ends with this token, so that renewing it early gains nothing.
 */
export function readAccessToken(token: string): { lifetimeMs: number; isLast: boolean } {
  try {
    const { exp, iat, session_exp: sessionEnd } = JSON.parse(atob((token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/'))) as Record<string, number>
    const lifetimeMs = (Number(exp) - Number(iat)) * 1000
    return { lifetimeMs: lifetimeMs > 0 ? lifetimeMs : 0, isLast: Number(sessionEnd) <= Number(exp) }
  } catch {
    return { lifetimeMs: 0, isLast: false }
  }
}
