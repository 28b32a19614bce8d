import type { AccessTokenClaims } from '@auto-refresh/contracts'

/**
 * Your own claims, which `POST /api/v1/auth/sessions` gives to a user. Declare their types once, for
 * the entry point that the same file imports:
 *
 *     declare module '@auto-refresh/server/express' {
 *       interface UserClaims {
 *         tenant: string
 *       }
 *     }
 */
// oxlint-disable-next-line typescript/no-empty-interface, typescript/no-empty-object-type
export interface UserClaims {}

/** The claims of an accepted access token; `claims` holds your own, absent if there are none. */
export type User = Omit<AccessTokenClaims, 'claims'> & {
  claims?: UserClaims & Record<string, unknown>
}
