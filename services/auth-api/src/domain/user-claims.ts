/** A JSON object of an installation's own names and values. Access tokens carry it as `claims`. */
export type UserClaims = Readonly<Record<string, unknown>>

const MAX_BYTES = 2048
/** In the body of `POST /sessions` they begin at the third of the five levels of a body. */
const MAX_DEPTH = 3
/** Back ends that copy `claims` to the top level of a user must not overwrite what we assert. */
const REGISTERED = new Set(
  (
    'iss sub aud exp nbf iat jti azp nonce act may_act cnf scope client_id sid session_exp ' +
    'auth_time amr acr claims username role __proto__ constructor prototype'
  ).split(' '),
)

/** Returns why a user's claims are refused, as a sentence; `undefined` when they are accepted. */
export function refuseClaims(claims: UserClaims): string | undefined {
  const registered = Object.keys(claims).find((name) => REGISTERED.has(name))
  if (registered !== undefined) return `The claim ${registered} is reserved`
  if (depthOf(claims) > MAX_DEPTH) return `The claims are nested deeper than ${MAX_DEPTH} levels`
  if (!canBeStored(claims)) return 'The claims are not well-formed'
  return Buffer.byteLength(JSON.stringify(claims)) > MAX_BYTES
    ? `The claims are longer than ${MAX_BYTES} bytes of JSON`
    : undefined
}

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  return 1 + Math.max(0, ...Object.values(value).map(depthOf))
}

/** Postgres refuses a null character and half a surrogate pair in jsonb. */
function canBeStored(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed() && !value.includes('\0')
  if (typeof value !== 'object' || value === null) return true
  return Object.entries(value).every(([name, one]) => canBeStored(name) && canBeStored(one))
}

/** Whether two JSON values are equal; the order of names does not count. */
export function isSameJson(one: unknown, other: unknown): boolean {
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null)
    return one === other
  if (Array.isArray(one) !== Array.isArray(other)) return false
  const others = new Map<string, unknown>(Object.entries(other))
  const own = Object.entries(one)
  return (
    own.length === others.size &&
    own.every(([name, value]) => others.has(name) && isSameJson(value, others.get(name)))
  )
}
