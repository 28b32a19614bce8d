import type { UserClaims } from '../../domain/user-claims.ts'
import type { User } from '../../ports/users.ts'

export type UserRow = {
  id: string
  username: string
  role: string
  password_hash: string | null
  external_id: string | null
  claims: UserClaims
  active: boolean
  version: number
  demo: boolean
}

export const USER_COLUMNS =
  'id, username, role, password_hash, external_id, claims, active, version, demo'

export const toUser = ({
  password_hash: passwordHash,
  external_id: externalId,
  ...row
}: UserRow): User => ({
  ...row,
  ...(externalId !== null && { externalId }),
  ...(passwordHash !== null && { passwordHash }),
})
