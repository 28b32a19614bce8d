import { localArea } from './storage/default-storage.ts'

/** Value in place of a key: the user signed out, and the server has not confirmed it yet. */
export const SIGNED_OUT = 'out'

export type CookieState = ReturnType<typeof createCookieState>

/**
 * State of a cookie that no script can read: the Idempotency-Key of a pending refresh, or a pending
 * sign-out. Like the cookie it belongs to the browser, so it is kept in localStorage, whatever
 * `storage` the access token has.
 */
export function createCookieState(name: string) {
  let area: Record<string, string | undefined> = localArea() ?? {}
  return {
    read: () => area[name],
    write(state?: string): void {
      try {
        if (state === undefined) delete area[name]
        else area[name] = state
      } catch {
        area = { [name]: state }
      }
    },
  }
}
