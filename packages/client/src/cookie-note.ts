import { localArea } from './storage/default-storage.ts'

/** In place of a key: somebody signed out, and the server has not confirmed it yet. */
export const SIGNED_OUT = 'out'

export type CookieNote = ReturnType<typeof createCookieNote>

/**
 * What has to be known of a cookie that no script can read: the Idempotency-Key under which it is
 * being renewed, or that it is signed out. It lies where the cookie does, with the browser and not
 * with the page, whatever `storage` the access token has.
 */
export function createCookieNote(name: string) {
  let area: Record<string, string | undefined> = localArea() ?? {}
  return {
    read: () => area[name],
    write(note?: string): void {
      try {
        if (note === undefined) delete area[name]
        else area[name] = note
      } catch {
        area = { [name]: note }
      }
    },
  }
}
