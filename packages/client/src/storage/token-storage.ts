import type { Session } from '../session.ts'

export type MaybePromise<T> = T | Promise<T>

/**
 * Storage of a session. `save` must write all of it at once: a pair must never be read without its
 * metadata, nor the metadata without its pair.
 */
export type TokenStorage = {
  load(): MaybePromise<Session | undefined>
  save(session: Session): MaybePromise<void>
  remove(): MaybePromise<void>
  /**
   * Calls `changed` after another tab or instance has written; returns a function that
   * unsubscribes.
   */
  subscribe?(changed: () => void): () => void
  /**
   * A second place, for the session of another server. If absent, this storage holds one session.
   */
  slot?(server: string): TokenStorage
  /**
   * Whether other tabs or workers use the same storage: refreshes then take turns under a Web Lock.
   */
  shared?: boolean
}
