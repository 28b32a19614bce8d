import { AccessTokenClaims, LONGEST_ACCESS_TOKEN_SECONDS } from '@auto-refresh/contracts'

/** Allowed difference between two clocks (FAPI 2.0 §5.3.2.1). It does not apply to expiry. */
const CLOCK_TOLERANCE_SECONDS = 10
const REQUIRED = AccessTokenClaims.required.map((name) => {
  const schema = AccessTokenClaims.properties[name]
  return { name, isInteger: schema.type === 'integer', isUuid: 'format' in schema }
})
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/**
 * Returns the claims of an authentic payload if all are present and well-typed, issuer and audience
 * match, and the times are consistent; else `undefined`.
 */
export function checkClaims(
  payload: unknown,
  { isIssuer, audience }: { isIssuer: (issuer: string) => boolean; audience: string },
): AccessTokenClaims | undefined {
  if (!hasTypes(payload)) return undefined
  const { iss, aud, iat, exp, session_exp: sessionExp, nbf } = payload
  if (!isIssuer(iss) || aud !== audience) return undefined
  // Our issuer never signs a longer life, so such a token is rejected even with a valid signature.
  if (exp <= iat || exp > sessionExp || exp - iat > LONGEST_ACCESS_TOKEN_SECONDS) return undefined
  if (nbf !== undefined && !(typeof nbf === 'number' && nbf <= iat + CLOCK_TOLERANCE_SECONDS))
    return undefined
  return payload
}

/**
 * Returns by how many seconds authentic claims lie in the future; 0 within the tolerance. Our
 * issuer signed them, so a clock is wrong, not the caller.
 */
export function secondsAhead({ iat }: { iat: number }, nowSeconds: number): number {
  return iat > nowSeconds + CLOCK_TOLERANCE_SECONDS ? iat - nowSeconds : 0
}

function hasTypes(payload: unknown): payload is AccessTokenClaims & { nbf?: unknown } {
  if (typeof payload !== 'object' || payload === null) return false
  const claims = payload as Readonly<Record<string, unknown>>
  return REQUIRED.every(({ name, isInteger, isUuid }) => {
    const value = claims[name]
    if (isInteger) return Number.isSafeInteger(value) && Number(value) >= 0
    return typeof value === 'string' && (!isUuid || UUID.test(value))
  })
}
