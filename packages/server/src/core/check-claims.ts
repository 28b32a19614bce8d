import { AccessTokenClaims, LONGEST_ACCESS_TOKEN_SECONDS } from '@auto-refresh/contracts'

/** Clocks of two machines may differ by this much (FAPI 2.0 §5.3.2.1); expiry itself is exact. */
const CLOCK_TOLERANCE_SECONDS = 10
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/**
 * The claims of an authentic payload, if all are there, of their type, for us, and of times that
 * fit each other.
 */
export function checkClaims(
  payload: unknown,
  { issuer, audience }: { issuer: string; audience: string },
): AccessTokenClaims | undefined {
  if (!hasTypes(payload)) return undefined
  const { iss, aud, iat, exp, session_exp: sessionExp, nbf } = payload
  if (iss !== issuer || aud !== audience) return undefined
  // One that lives longer than the setting allows is none of ours, whoever holds the key.
  if (exp <= iat || exp > sessionExp || exp - iat > LONGEST_ACCESS_TOKEN_SECONDS) return undefined
  if (nbf !== undefined && !(typeof nbf === 'number' && nbf <= iat + CLOCK_TOLERANCE_SECONDS))
    return undefined
  return payload
}

/**
 * Seconds by which authentic claims lie in the future; 0 within the tolerance. They are ours, so it
 * is a clock that is wrong, and never the caller.
 */
export function secondsAhead({ iat }: { iat: number }, nowSeconds: number): number {
  return iat > nowSeconds + CLOCK_TOLERANCE_SECONDS ? iat - nowSeconds : 0
}

function hasTypes(payload: unknown): payload is AccessTokenClaims & { nbf?: unknown } {
  if (typeof payload !== 'object' || payload === null) return false
  const claims = new Map(Object.entries(payload))
  return Object.entries(AccessTokenClaims.properties).every(([name, schema]) => {
    const value: unknown = claims.get(name)
    if (schema.type === 'integer') return Number.isSafeInteger(value) && Number(value) >= 0
    return typeof value === 'string' && (!('format' in schema) || UUID.test(value))
  })
}
