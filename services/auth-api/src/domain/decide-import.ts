import type { ImportLine } from './parse-import-line.ts'
import { toUsernameKey } from './username.ts'
import { isSameJson, type UserClaims } from './user-claims.ts'

/** A stored user, as far as an import compares it. */
export type ImportedUser = Readonly<{
  id: string
  username: string
  usernameKey?: string
  externalId?: string
  role: string
  claims: UserClaims
  active: boolean
  hasPassword: boolean
  /** fingerprint of the imported hash, while the password is that one; absent: it was set here */
  importedHash?: string
}>

export type ImportChange = Readonly<{
  username?: string
  usernameKey?: string
  role?: string
  claims?: UserClaims
  disable?: true
  /** the fingerprint of the new imported hash */
  importedHash?: string
  /** why all sessions of the user end */
  ends?: 'user_disabled' | 'password_changed'
}>

/**
 * `keptPassword`: the user has set another password here, which the line does not replace.
 * `keptDisabled`: the user is disabled here, which the line does not undo.
 */
export type ImportDecision =
  | { outcome: 'create'; hasName: boolean }
  | {
      outcome: 'change'
      id: string
      change: ImportChange
      keptPassword: boolean
      keptDisabled: boolean
    }
  | { outcome: 'refused'; reason: string }

/**
 * Decides what a line does. An external id names its user; without one the name does. A line
 * stores what it gives, with three exceptions: a password that was set here stays, a user disabled
 * here stays disabled, and a user is never linked to an external id by name.
 *
 * @param fingerprint of the line's password hash, if it has one
 */
export function decideImport(
  line: ImportLine,
  {
    byName,
    byExternalId,
    fingerprint,
  }: {
    byName: ImportedUser | undefined
    byExternalId: ImportedUser | undefined
    fingerprint: string | undefined
  },
): ImportDecision {
  const user = line.externalId === undefined ? byName : byExternalId
  const usernameKey = toUsernameKey(line.username)
  const isNameTaken = byName !== undefined && byName.id !== user?.id
  // A user who signs in elsewhere only has a name for display, which is not unique.
  const hasName =
    line.externalId === undefined ||
    line.passwordHash !== undefined ||
    user?.usernameKey !== undefined
  if (hasName && isNameTaken)
    return { outcome: 'refused', reason: 'The name belongs to a user without this external_id' }
  if (user === undefined) return { outcome: 'create', hasName }

  const hasOwnPassword = user.hasPassword && user.importedHash === undefined
  const isNewHash = fingerprint !== undefined && fingerprint !== user.importedHash
  const importedHash = isNewHash && !hasOwnPassword ? fingerprint : undefined
  const disable = line.active === false && user.active
  const change: ImportChange = {
    ...(line.username !== user.username && { username: line.username }),
    ...(hasName && usernameKey !== user.usernameKey && { usernameKey }),
    ...(line.role !== undefined && line.role !== user.role && { role: line.role }),
    ...(line.claims !== undefined &&
      !isSameJson(line.claims, user.claims) && { claims: line.claims }),
    ...(importedHash !== undefined && { importedHash }),
    // A changed password ends sessions here as it did there; a first one has none to end.
    ...(importedHash !== undefined && user.hasPassword && { ends: 'password_changed' as const }),
    ...(disable && { disable, ends: 'user_disabled' as const }),
  }
  return {
    outcome: 'change',
    id: user.id,
    change,
    keptPassword: isNewHash && hasOwnPassword,
    keptDisabled: line.active === true && !user.active,
  }
}
