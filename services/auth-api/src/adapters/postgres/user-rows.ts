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
  kept_session_id: string | null
  demo: boolean
}

export const USER_COLUMNS = `id, username, role, password_hash, external_id, claims, active, version,
  demo, case when kept_version = version then kept_session_id end as kept_session_id`

export const toUser = ({
  password_hash: passwordHash,
  external_id: externalId,
  kept_session_id: keptSessionId,
  ...row
}: UserRow): User => ({
  ...row,
  ...(keptSessionId !== null && { keptSessionId }),
  ...(externalId !== null && { externalId }),
  ...(passwordHash !== null && { passwordHash }),
})
