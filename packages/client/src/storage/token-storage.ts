import type { Session } from '../session.ts'

export type MaybePromise<T> = T | Promise<T>

/**
 * Where a session is kept. `save` writes all of it at once: a pair without its note, or a note
 * without its pair, must never be read.
 *
 * @example
 * const storage: TokenStorage = {
 *   load: async () => JSON.parse((await AsyncStorage.getItem('session')) ?? 'null') ?? undefined,
 *   save: (session) => AsyncStorage.setItem('session', JSON.stringify(session)),
 *   remove: () => AsyncStorage.removeItem('session'),
 * }
 */
export type TokenStorage = {
  load(): MaybePromise<Session | undefined>
  save(session: Session): MaybePromise<void>
  remove(): MaybePromise<void>
  /** Calls `changed` after another tab or another instance wrote; returns what ends that. */
  subscribe?(changed: () => void): () => void
  /** A second place, for the session of another server. Absent: this storage holds one session. */
  slot?(server: string): TokenStorage
  /** Other tabs or workers see the same storage: refreshes then take turns under a Web Lock. */
  shared?: boolean
}
