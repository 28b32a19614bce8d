import { originOf } from './url.ts'

/** A pair as the API writes it. */
export type TokenData = {
  access_token: string
  refresh_token?: string | undefined
  token_type: string
  expires_in: number
}

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
  /**
   * The Idempotency-Key under which this pair is being renewed: kept until the answer is stored,
   * over a reload too.
   */
  attemptKey?: string | undefined
  /** The `baseURL` whose server issued the pair; behind a `?` while that is a guess. */
  server?: string | undefined
}

const decode = (base64url: string) => atob(base64url.replaceAll('-', '+').replaceAll('_', '/'))

type Claims = { iss?: string; sid?: string; exp?: number; iat?: number; session_exp?: number }
function readAccessToken(accessToken: string | undefined): Claims {
  try {
    return JSON.parse(decode(accessToken?.split('.')[1] ?? '')) as Claims
  } catch {
    // Not a JWT that we know: its life ends with the first 401.
    return {}
  }
}

/**
 * The session as its tokens name it, to compare; and its generation. Both stand in clear in a
 * refresh token: art_ + base64url(version 1 | kid 1 | session id 16 | generation 6 | ...).
 */
function readTokens(session: Session | undefined): {
  id?: string | undefined
  generation?: number
} {
  const head = /^art_(A[Q-Za-f][\w-]{30})/.exec(session?.refreshToken ?? '')?.[1]
  // Older versions of React Native have no atob: their tokens do not tell.
  if (head === undefined || !globalThis.atob)
    return { id: readAccessToken(session?.accessToken).sid }
  const bytes = decode(head)
  return {
    id: bytes.slice(2, 18),
    generation: Array.from(bytes.slice(18)).reduce(
      (sum, byte) => sum * 256 + byte.charCodeAt(0),
      0,
    ),
  }
}

/** Whether the access token names this server as its issuer. */
export function isIssuedBy({ accessToken }: Session, server: string): boolean {
  const origin = originOf(readAccessToken(accessToken).iss ?? '')
  return origin !== undefined && origin === originOf(server)
}

export const sessionIdOf = (session: Session): string | undefined =>
  readAccessToken(session.accessToken).sid
export const generationOf = (session: Session | undefined): number | undefined =>
  readTokens(session).generation

/** As far as can be seen: tokens of another make do not tell. */
export const isSameSession = (a: Session | undefined, b: Session | undefined): boolean =>
  readTokens(a).id === readTokens(b).id

/**
 * How many generations `a` is ahead of `b`; NaN when they are not two pairs of one session, or do
 * not tell.
 */
export const generationsAhead = (a: Session | undefined, b: Session | undefined): number =>
  isSameSession(a, b) ? (generationOf(a) as number) - (generationOf(b) as number) : NaN

/** The same pair, whatever is noted beside it: no two pairs share an access token. */
export const isSamePair = (a: Session | undefined, b: Session | undefined): boolean =>
  a?.accessToken === b?.accessToken

/**
 * A pair that has just arrived. Its life is counted from now: `expires_in`, else what the access
 * token says, and of that only the difference of two times of the server. The local clock may be a
 * day wrong.
 */
export function toSession({
  access_token: accessToken,
  refresh_token: refreshToken,
  expires_in: seconds,
}: Partial<TokenData> & { access_token: string }): Session {
  const { exp = 0, iat = 0, session_exp: sessionEnd = Infinity } = readAccessToken(accessToken)
  return {
    accessToken,
    refreshToken,
    receivedAt: Date.now(),
    lifetimeMs: (seconds ?? exp - iat) * 1000,
    isLast: sessionEnd <= exp,
  }
}
