import type { Session } from '../session.ts'
import { createListeners } from './create-listeners.ts'
import type { TokenStorage } from './token-storage.ts'

/**
 * Keeps the session in memory, until the page or the process ends. Pass the same storage to several
 * instances to share the session.
 */
export function memoryStorage(): TokenStorage {
  let kept: Session | undefined
  const slots = new Map<string, TokenStorage>()
  const { emit, subscribe } = createListeners()
  const put = (session?: Session) => {
    kept = session
    emit()
  }
  function slot(server: string): TokenStorage {
    const place = slots.get(server) ?? memoryStorage()
    slots.set(server, place)
    return place
  }
  return { load: () => kept, save: put, remove: () => put(), subscribe, slot }
}
