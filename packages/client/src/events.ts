import type { AuthError } from './auth-error.ts'

export type AuthEvents = {
  /** A new pair is in place. `elsewhere`: another tab or instance brought it. */
  refreshed: { accessToken: string; elsewhere: boolean }
  /** Once for each session: `logout`, `signed_out_elsewhere`, or the code with which the server refused it. */
  'session-ended': { reason: string }
  /** A refresh or the storage failed; the session stands. */
  error: AuthError
}
type Listener = (payload: never) => void

export type Events = ReturnType<typeof createEvents>

/** Listeners run after the work that caused the event, never inside it, so that they may call anything and break nothing. */
export function createEvents() {
  const listeners = new Map<string, Set<Listener>>()
  return {
    on<E extends keyof AuthEvents>(event: E, listener: (payload: AuthEvents[E]) => void): () => void {
      const all = listeners.get(event) ?? new Set()
      listeners.set(event, all.add(listener))
      return () => void all.delete(listener)
    },
    emit<E extends keyof AuthEvents>(event: E, payload: AuthEvents[E]): void {
      for (const listener of listeners.get(event) ?? []) {
        void Promise.resolve(payload as never).then(listener).catch((error: unknown) => console.error(error))
      }
    },
  }
}
