import { readFileSync } from 'node:fs'
import { isSafeIssuerUrl } from './adapters/jose/is-safe-issuer-url.ts'
import { refuseRole } from './domain/role.ts'
import type { TrustedIssuer } from './domain/trusted-issuer.ts'

const KEYS = ['issuer', 'audience', 'jwks_uri', 'username_claim', 'role_claim', 'roles']
const DEFAULT_USERNAME_CLAIM = 'preferred_username'
/** `<issuer>#<sub>` has at most 255 characters. */
const MAX_ISSUER_LENGTH = 200

type Parsed = { issuers: TrustedIssuer[]; faults: string[] }
type Entry = Readonly<Record<string, unknown>>

/** Reads the file of `TRUSTED_ISSUERS`. Returns its issuers and all its faults, as sentences. */
export function readTrustedIssuers(path: string): Parsed {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    const fault = `TRUSTED_ISSUERS (${path}) cannot be read (${code}); expected a readable JSON file`
    return { issuers: [], faults: [fault] }
  }
  return parseTrustedIssuers(text)
}

/**
 * Parses a list of trusted issuers: `issuer`, `audience` (a text or a list), and optionally
 * `jwks_uri`, `username_claim`, and `role_claim` with `roles`, which maps its values.
 */
export function parseTrustedIssuers(text: string): Parsed {
  const entries = parseList(text)
  if (entries === undefined)
    return { issuers: [], faults: ['TRUSTED_ISSUERS must be a JSON list of objects'] }
  const parsed = entries.map(parseEntry)
  const names = entries.map((entry) => entry['issuer'])
  const faults = parsed.flatMap(({ faults: found }, index) =>
    [...found, ...(names.indexOf(names[index]) < index ? ['issuer is listed twice'] : [])].map(
      (fault) => `TRUSTED_ISSUERS entry ${index + 1}: ${fault}`,
    ),
  )
  return { issuers: parsed.map(({ issuer }) => issuer), faults }
}

function parseList(text: string): Entry[] | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) && value.every(isObject) ? value : undefined
  } catch {
    return undefined
  }
}

function parseEntry(entry: Entry): { issuer: TrustedIssuer; faults: string[] } {
  const faults: string[] = []
  const unknown = Object.keys(entry).filter((key) => !KEYS.includes(key))
  if (unknown.length > 0)
    faults.push(`unknown properties ${unknown.join(', ')}; known are ${KEYS.join(', ')}`)

  const issuer = toText(entry['issuer'])
  if (issuer === undefined || !isSafeIssuerUrl(issuer) || /[?#]/.test(issuer))
    faults.push('issuer must be an https URL without query and fragment (http for this machine)')
  else if (issuer.length > MAX_ISSUER_LENGTH)
    faults.push(`issuer must have at most ${MAX_ISSUER_LENGTH} characters`)

  const audiences = [entry['audience']].flat().map(toText)
  if (audiences.length === 0 || audiences.includes(undefined))
    faults.push('audience must be the client id at the issuer, or a list of client ids')

  const jwksUri = toText(entry['jwks_uri'])
  if ('jwks_uri' in entry && (jwksUri === undefined || !isSafeIssuerUrl(jwksUri)))
    faults.push('jwks_uri must be an https URL (http for this machine)')

  const usernameClaim = toText(entry['username_claim'] ?? DEFAULT_USERNAME_CLAIM)
  if (usernameClaim === undefined) faults.push('username_claim must be the name of a claim')

  return {
    issuer: {
      issuer: issuer ?? '',
      audiences: audiences.filter((each) => each !== undefined),
      usernameClaim: usernameClaim ?? '',
      ...(jwksUri !== undefined && { jwksUri }),
      ...parseRoles(entry, faults),
    },
    faults,
  }
}

function parseRoles(entry: Entry, faults: string[]): Pick<TrustedIssuer, 'roles'> {
  const { role_claim: claim, roles } = entry
  if (claim === undefined && roles === undefined) return {}
  const name = toText(claim)
  const map = isObject(roles) ? Object.entries(roles) : []
  if (name === undefined || map.length === 0)
    faults.push('role_claim must be the name of a claim, and roles must map its values to roles')
  for (const [value, role] of map) {
    const why = typeof role === 'string' ? refuseRole(role) : 'The role must be a text'
    if (why !== undefined) faults.push(`roles: ${JSON.stringify(value)}: ${why}`)
  }
  return { roles: { claim: name ?? '', map: map.map(([value, role]) => [value, String(role)]) } }
}

const isObject = (value: unknown): value is Entry =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const toText = (value: unknown) =>
  typeof value === 'string' && value !== '' && !/\p{Cc}/u.test(value) ? value : undefined
