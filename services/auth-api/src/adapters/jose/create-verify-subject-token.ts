import { createHash } from 'node:crypto'
import {
  decodeJwt,
  decodeProtectedHeader,
  errors,
  jwtVerify,
  type CryptoKey,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
} from 'jose'
import type { SubjectClaims, TrustedIssuer } from '../../domain/trusted-issuer.ts'
import type { Clock } from '../../ports/runtime.ts'
import type {
  SubjectTokenCheck,
  SubjectTokenFault,
  VerifySubjectToken,
} from '../../ports/subject-tokens.ts'
import { createIssuerKeys, IssuerUnavailableError } from './create-issuer-keys.ts'

/** Public keys only: neither `none` nor HMAC, whose key would be a public text. */
const ALGORITHMS = 'RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519'.split(' ')
const MAX_AGE_SECONDS = 600
const TOLERANCE_SECONDS = 30

type Fault = Readonly<{ because: SubjectTokenFault; authentic: boolean }>
const forged = (because: SubjectTokenFault): Fault => ({ because, authentic: false })
const unacceptable = (because: SubjectTokenFault): Fault => ({ because, authentic: true })

/**
 * Verifies ID tokens and JWTs of the trusted issuers: form, algorithm, signature, `iss`, `aud`,
 * `azp`, `exp`, `nbf`, and `iat` at most ten minutes ago. Not whether a token was used before.
 */
export function createVerifySubjectToken({
  issuers,
  clock,
  createKeys = createIssuerKeys,
}: {
  issuers: readonly TrustedIssuer[]
  clock: Clock
  createKeys?: (issuer: TrustedIssuer) => JWTVerifyGetKey
}): VerifySubjectToken {
  const known = new Map(
    issuers.map((issuer) => [issuer.issuer, { issuer, getKey: createKeys(issuer) }]),
  )

  return async (token): Promise<SubjectTokenCheck> => {
    const read = readUnverified(token)
    if ('because' in read) return { outcome: 'refused', ...read }
    const trusted = known.get(read.issuer)
    if (trusted === undefined) return { outcome: 'refused', ...forged('its issuer is not trusted') }
    const { issuer, getKey } = trusted
    const nowMs = clock.nowMs()
    try {
      const payload = await verify(token, getKey, {
        algorithms: ALGORITHMS,
        issuer: issuer.issuer,
        audience: [...issuer.audiences],
        currentDate: new Date(nowMs),
        clockTolerance: TOLERANCE_SECONDS,
        maxTokenAge: MAX_AGE_SECONDS,
        requiredClaims: ['sub', 'exp', 'iat'],
      })
      const fault = findFault(payload, issuer)
      if (fault !== undefined) return { outcome: 'refused', ...unacceptable(fault) }
      const { exp = 0, iat = 0 } = payload
      return {
        outcome: 'verified',
        issuer,
        claims: payload as SubjectClaims,
        hash: createHash('sha256')
          .update(token.slice(0, token.lastIndexOf('.')))
          .digest(),
        endsAtMs: 1000 * (Math.min(exp, iat + MAX_AGE_SECONDS) + TOLERANCE_SECONDS),
      }
    } catch (error) {
      if (error instanceof IssuerUnavailableError)
        return { outcome: 'issuer_unavailable', issuer: issuer.issuer, cause: error }
      return { outcome: 'refused', ...toFault(error) }
    }
  }
}

/** Reads the issuer, and refuses what no issuer's key makes acceptable. */
function readUnverified(token: string): { issuer: string } | Fault {
  try {
    const { alg, typ } = decodeProtectedHeader(token)
    const { iss } = decodeJwt(token)
    if (typeof alg !== 'string' || !ALGORITHMS.includes(alg))
      return forged('its algorithm is not allowed')
    // Not an access token (RFC 9068), a logout token or a security event, which have types.
    if (typ !== undefined && !/^(?:application\/)?jwt$/i.test(typ))
      return forged('it is not an ID token')
    return typeof iss === 'string' ? { issuer: iss } : forged('its issuer is not trusted')
  } catch {
    return forged('it is not a signed JWT')
  }
}

/** Verifies with each key that may fit: a token without `kid` may name several. */
async function verify(
  token: string,
  getKey: JWTVerifyGetKey,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  try {
    return (await jwtVerify(token, getKey, options)).payload
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error
    for await (const key of error as AsyncIterable<CryptoKey>) {
      try {
        return (await jwtVerify(token, key, options)).payload
      } catch (other) {
        if (!(other instanceof errors.JWSSignatureVerificationFailed)) throw other
      }
    }
    throw new errors.JWSSignatureVerificationFailed()
  }
}

/** Checks what jose does not (OpenID Connect Core §3.1.3.7, steps 4 and 5). */
function findFault(
  { sub, aud, azp, typ, events }: JWTPayload,
  { audiences }: TrustedIssuer,
): SubjectTokenFault | undefined {
  const isForSeveral = Array.isArray(aud) && aud.length > 1
  if (azp === undefined ? isForSeveral : !audiences.some((audience) => audience === azp))
    return 'it is for another audience'
  // Logout tokens have `events`; Keycloak states the kind of its tokens in the claim `typ`.
  if (events !== undefined || (typ !== undefined && typ !== 'ID' && typ !== 'JWT'))
    return 'it is not an ID token'
  return typeof sub === 'string' && sub !== '' ? undefined : 'a claim is missing or not valid'
}

function toFault(error: unknown): Fault {
  if (error instanceof errors.JOSEAlgNotAllowed) return forged('its algorithm is not allowed')
  if (error instanceof errors.JWTExpired)
    return unacceptable(
      error.claim === 'iat'
        ? 'it was issued more than 10 minutes ago or in the future'
        : 'it has expired',
    )
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'aud') return unacceptable('it is for another audience')
    if (error.claim === 'iat' && error.reason === 'check_failed')
      return unacceptable('it was issued more than 10 minutes ago or in the future')
    return unacceptable('a claim is missing or not valid')
  }
  return forged('its signature is not valid')
}
