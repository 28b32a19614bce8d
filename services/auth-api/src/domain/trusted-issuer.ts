import { refuseDisplayName } from './external-user.ts'

/** An issuer whose ID tokens are exchanged for token pairs. */
export type TrustedIssuer = Readonly<{
  issuer: string
  /** our client ids at the issuer: `aud`, and `azp` where it is present */
  audiences: readonly string[]
  /** absent: from the discovery document of the issuer */
  jwksUri?: string | undefined
  usernameClaim: string
  /** absent: administrators assign roles here */
  roles?:
    | Readonly<{ claim: string; map: readonly (readonly [value: string, role: string])[] }>
    | undefined
}>

/** The claims of a verified ID token. */
export type SubjectClaims = Readonly<Record<string, unknown>> & Readonly<{ sub: string }>

const MAX_AMR = 8
const AMR = /^[\x21-\x7e]{1,32}$/

/**
 * Returns the external user whom a verified ID token names. `role` is that of the first entry of
 * the map which the role claim contains, or `defaultRole`; without a map it is absent, so that the
 * stored role stays. A name that we refuse is absent: it is for display, so it refuses no user.
 */
export function toExternalUser(
  { issuer, usernameClaim, roles }: TrustedIssuer,
  claims: SubjectClaims,
  defaultRole: string,
): { externalId: string; username?: string; role?: string } {
  const name = readClaim(claims, usernameClaim)
  return {
    // An issuer has no `#`, so two issuers never have equal ids.
    externalId: `${issuer}#${claims.sub}`,
    ...(typeof name === 'string' && refuseDisplayName(name) === undefined && { username: name }),
    ...(roles !== undefined && {
      role: findRole(readClaim(claims, roles.claim), roles.map) ?? defaultRole,
    }),
  }
}

/**
 * Returns how and when the issuer authenticated the user, as far as the token says. `nowMs`: Unix
 * milliseconds, the latest possible time; the clock of the issuer may be ahead.
 */
export function toAuthentication(
  { amr, auth_time: authTime, iat }: SubjectClaims,
  nowMs: number,
): { amr: readonly string[]; authenticatedAtMs: number } {
  const methods = Array.isArray(amr) ? amr.filter((each) => typeof each === 'string') : []
  const seconds = [authTime, iat].find((each) => typeof each === 'number' && each > 0)
  return {
    amr: methods.filter((each) => AMR.test(each)).slice(0, MAX_AMR),
    authenticatedAtMs:
      typeof seconds === 'number' ? Math.min(Math.floor(seconds * 1000), nowMs) : nowMs,
  }
}

/** `name`: of a claim, or a path such as `realm_access.roles`. */
function readClaim(claims: Readonly<Record<string, unknown>>, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name]
  return name
    .split('.')
    .reduce<unknown>(
      (value, part) => (isObject(value) && Object.hasOwn(value, part) ? value[part] : undefined),
      claims,
    )
}

function findRole(
  value: unknown,
  map: readonly (readonly [value: string, role: string])[],
): string | undefined {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value]
  return map.find(([known]) => values.includes(known))?.[1]
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
