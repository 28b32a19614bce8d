import type { AuthError } from './auth-error.ts'

export type AuthEvents = {
  /** A new pair is in use. `elsewhere`: another tab or instance refreshed it. */
  refreshed: { accessToken: string; elsewhere: boolean }
  /**
   * Once per session: `logout`, `signed_out_elsewhere`, or the error code with which the server
   * ended it.
   */
  'session-ended': { reason: string }
  /** A refresh, the storage or the sign-out at the server failed. This never signs the user out. */
  error: AuthError
}
export type Events = ReturnType<typeof createEvents>

/**
 * Listeners run after the work that caused the event, never inside it, so they may call anything
 * and cannot break it.
 */
export function createEvents() {
  const listeners = new Set<{ event: string; listener: (payload: never) => void }>()
  return {
    on<E extends keyof AuthEvents>(
      event: E,
      listener: (payload: AuthEvents[E]) => void,
    ): () => void {
      const entry = { event, listener }
      listeners.add(entry)
      return () => void listeners.delete(entry)
    },
    emit<E extends keyof AuthEvents>(event: E, payload: AuthEvents[E]): void {
      for (const entry of listeners) {
        if (entry.event === event)
          Promise.resolve(payload as never)
            .then(entry.listener)
            .catch(console.error)
      }
    },
  }
}
