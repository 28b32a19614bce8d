import { refuseExternalId } from './external-user.ts'
import { parseForeignHash } from './parse-foreign-hash.ts'
import { refuseRole } from './role.ts'
import { refuseClaims, type UserClaims } from './user-claims.ts'
import { refuseUsername } from './username.ts'

/** One user of an import. What is absent stays as it is, or gets the default of a new user. */
export type ImportLine = Readonly<{
  username: string
  role?: string
  /** as the other product stores it */
  passwordHash?: string
  externalId?: string
  claims?: UserClaims
  active?: boolean
}>

/** `reason`: a sentence that contains nothing secret of the line */
export type ParsedImportLine =
  { outcome: 'parsed'; line: ImportLine } | { outcome: 'refused'; reason: string }

const FIELDS = new Set(['username', 'role', 'password_hash', 'external_id', 'claims', 'active'])

/** Parses a line of an import file. An absent field may also be `null`. */
export function parseImportLine(text: string): ParsedImportLine {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // The message of the error would show a part of the line.
    return refuse('It is not JSON')
  }
  if (!isObject(value)) return refuse('It is not a JSON object')
  if (Object.keys(value).some((name) => !FIELDS.has(name)))
    return refuse(`It has a field other than ${[...FIELDS].join(', ')}`)
  const {
    username,
    role,
    password_hash: passwordHash,
    external_id: externalId,
    claims,
    active,
  } = Object.fromEntries(Object.entries(value).filter(([, one]) => one !== null))

  if (typeof username !== 'string') return refuse('username must be a text')
  if (!isTextOrAbsent(role)) return refuse('role must be a text')
  if (!isTextOrAbsent(passwordHash)) return refuse('password_hash must be a text')
  if (!isTextOrAbsent(externalId)) return refuse('external_id must be a text')
  if (claims !== undefined && !isObject(claims)) return refuse('claims must be an object')
  if (active !== undefined && typeof active !== 'boolean')
    return refuse('active must be true or false')
  const reason =
    refuseUsername(username) ??
    (role === undefined ? undefined : refuseRole(role)) ??
    (externalId === undefined ? undefined : refuseExternalId(externalId)) ??
    (claims === undefined ? undefined : refuseClaims(claims)) ??
    (passwordHash === undefined ? undefined : refuseHash(passwordHash))
  if (reason !== undefined) return refuse(reason)
  return {
    outcome: 'parsed',
    line: {
      username: username.normalize('NFKC'),
      ...(role !== undefined && { role }),
      ...(passwordHash !== undefined && { passwordHash }),
      ...(externalId !== undefined && { externalId }),
      ...(claims !== undefined && { claims }),
      ...(active !== undefined && { active }),
    },
  }
}

function refuseHash(hash: string): string | undefined {
  const { outcome } = parseForeignHash(hash)
  switch (outcome) {
    case 'parsed':
      return undefined
    case 'too_costly':
      return 'password_hash has a cost that would take more than a second or 128 MiB to verify'
    case 'unknown':
      return 'password_hash has a form that cannot be verified'
    default:
      return outcome satisfies never
  }
}

const refuse = (reason: string) => ({ outcome: 'refused', reason }) as const
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isTextOrAbsent = (value: unknown): value is string | undefined =>
  value === undefined || typeof value === 'string'
