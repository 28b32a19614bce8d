import type { Session } from '../session.ts'
import { createListeners } from './create-listeners.ts'
import type { TokenStorage } from './token-storage.ts'

/**
 * Keeps the session as long as the page or the process lives. Pass one and the same to several
 * instances to share it.
 */
export function memoryStorage(): TokenStorage {
  let kept: Session | undefined
  const slots = new Map<string, TokenStorage>()
  const { tell, subscribe } = createListeners()
  const put = (session?: Session) => {
    kept = session
    tell()
  }
  function slot(server: string): TokenStorage {
    const place = slots.get(server) ?? memoryStorage()
    slots.set(server, place)
    return place
  }
  return { load: () => kept, save: put, remove: () => put(), subscribe, slot }
}
