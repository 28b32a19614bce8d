import type { Session } from '../session.ts'
import type { TokenStorage } from './token-storage.ts'

/** Keeps the session as long as the page or the process lives. Pass one and the same to several instances to share it. */
export function memoryStorage(): TokenStorage {
  let kept: Session | undefined
  const listeners = new Set<() => void>()
  const put = (session: Session | undefined) => {
    kept = session
    for (const changed of listeners) changed()
  }
  return {
    load: () => kept,
    save: put,
    remove: () => put(undefined),
    subscribe(changed) {
      listeners.add(changed)
      return () => listeners.delete(changed)
    },
  }
}
