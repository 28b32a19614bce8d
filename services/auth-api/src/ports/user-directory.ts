import type { UserClaims } from '../domain/user-claims.ts'

/** A user as administrators see it. */
export type UserRecord = Readonly<{
  id: string
  username: string
  externalId: string | undefined
  role: string
  claims: UserClaims
  active: boolean
  demo: boolean
  hasPassword: boolean
  createdAtMs: number
  lastSignInAtMs: number | undefined
}>

/** The place of a user in the order of names. */
export type UserCursor = Readonly<{ name: string; id: string }>

export type UserSearch = Readonly<{
  /** an id, an external id, or the beginning of a name in any case */
  query?: string | undefined
  active?: boolean | undefined
  after?: UserCursor | undefined
  limit: number
}>

/** Users for administrators; an erased user is in no result. */
export interface UserDirectory {
  find(id: string): Promise<UserRecord | undefined>
  /** A page by name. `next` is absent on the last page. */
  search(search: UserSearch): Promise<{ users: UserRecord[]; next: UserCursor | undefined }>
}
