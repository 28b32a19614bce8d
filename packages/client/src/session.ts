import { originOf } from './url.ts'

/** A token pair as the API returns it. */
export type TokenData = {
  access_token: string
  refresh_token?: string | undefined
  token_type: string
  expires_in: number
}

/** The stored data of a session, in memory and in the storage. */
export type Session = {
  accessToken: string
  /** Absent with the cookie transport: no script can read it. */
  refreshToken?: string | undefined
  /** Local time when the pair arrived, epoch milliseconds; 0 if unknown. */
  receivedAt: number
  /** Remaining life of the access token when it arrived, milliseconds; 0 if unknown. */
  lifetimeMs: number
  /** The session ends with this access token, so an early refresh gains nothing. */
  isLast?: boolean
  /**
   * The Idempotency-Key of the pending refresh of this pair, kept until the answer is stored, over
   * a reload too.
   */
  attemptKey?: string | undefined
  /** The `baseURL` of the server that issued the pair; prefixed with `?` if that is a guess. */
  server?: string | undefined
}

const decode = (base64url: string) => atob(base64url.replaceAll('-', '+').replaceAll('_', '/'))

type Claims = { iss?: string; sid?: string; exp?: number; iat?: number; session_exp?: number }
function readAccessToken(accessToken: string | undefined): Claims {
  try {
    return JSON.parse(decode(accessToken?.split('.')[1] ?? '')) as Claims
  } catch {
    // Not one of our JWTs: its life ends with the first 401.
    return {}
  }
}

/**
 * Reads the session id, for comparison, and the generation from the tokens. A refresh token
 * contains both unencrypted: art_ + base64url(version 1 | kid 1 | session id 16 | generation 6 |
 * ...).
 */
function readTokens(session: Session | undefined): {
  id?: string | undefined
  generation?: number
} {
  const head = /^art_(A[Q-Za-f][\w-]{30})/.exec(session?.refreshToken ?? '')?.[1]
  // Older versions of React Native have no atob: the refresh token cannot be read.
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

/** Whether the access token has this server as its issuer. */
export function isIssuedBy({ accessToken }: Session, server: string): boolean {
  const origin = originOf(readAccessToken(accessToken).iss ?? '')
  return origin !== undefined && origin === originOf(server)
}

export const sessionIdOf = (session: Session): string | undefined =>
  readAccessToken(session.accessToken).sid
export const generationOf = (session: Session | undefined): number | undefined =>
  readTokens(session).generation

/** Whether two pairs belong to one session, as far as their tokens show it. */
export const isSameSession = (a: Session | undefined, b: Session | undefined): boolean =>
  readTokens(a).id === readTokens(b).id

/**
 * How many generations `a` is ahead of `b`; NaN if they are not pairs of one session, or if that is
 * unknown.
 */
export const generationsAhead = (a: Session | undefined, b: Session | undefined): number =>
  isSameSession(a, b) ? (generationOf(a) as number) - (generationOf(b) as number) : NaN

/** Whether two sessions have the same pair: no two pairs share an access token. */
export const isSamePair = (a: Session | undefined, b: Session | undefined): boolean =>
  a?.accessToken === b?.accessToken

/**
 * Converts a pair that has just arrived. Its lifetime counts from now: `expires_in`, else the
 * difference of the server's times in the access token. The local clock may be wrong.
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
