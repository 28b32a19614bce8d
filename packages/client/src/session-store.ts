import { AuthError } from './auth-error.ts'
import type { Events } from './events.ts'
import { createLifetime } from './create-lifetime.ts'
import { within } from './pause.ts'
import { generationsAhead, isSamePair, isSameSession, type Session } from './session.ts'
import type { MaybePromise, TokenStorage } from './storage/token-storage.ts'

const STORAGE_MS = 2000

export type SessionStore = ReturnType<typeof createSessionStore>

/**
 * The session of this instance: a copy in memory over the storage that it shares with others. The
 * storage wins, except that an older generation of the same session never replaces a newer one, and
 * that a pair that could not be written is kept in memory.
 */
export function createSessionStore({
  storage,
  events,
  thresholdMs,
  cookies,
}: {
  storage: TokenStorage
  events: Events
  thresholdMs: number
  cookies: boolean
}) {
  let current: Session | undefined
  // The last pair that was ended here, so that a storage that failed to remove it does not bring it
  // back.
  let ended: Session | undefined
  let seenAt = 0
  let ageAtFirst = 0
  // Counts sign-ins and sign-outs: work that began before one must not be stored after it.
  let epoch = 0
  let writes = 0
  let unsaved = false
  let pending: Promise<void> | undefined
  let watcher = () => {}

  function setCurrent(next: Session | undefined) {
    const isChanged = !isSamePair(next, current) || next?.receivedAt !== current?.receivedAt
    current = next
    if (!isChanged) return
    seenAt = performance.now()
    ageAtFirst = next === undefined ? 0 : Date.now() - next.receivedAt
    // The arrival time is unknown (a page that moved from the guide's client), or the clock was set
    // back since.
    if (next?.receivedAt === 0 || ageAtFirst < 0) ageAtFirst = Infinity
    watcher()
  }
  /**
   * Runs a storage operation, synchronously if the storage is; one that does not answer in time has
   * failed.
   */
  function attempt<T>(operation: () => MaybePromise<T>, failed: () => T): MaybePromise<T> {
    const fail = (cause: unknown) => {
      events.emit('error', new AuthError('storage_failed', { cause }))
      return failed()
    }
    try {
      const done = operation()
      return done instanceof Promise ? within(done, STORAGE_MS).catch(fail) : done
    } catch (cause) {
      return fail(cause)
    }
  }
  /** Runs after all earlier writes, so that none overtakes a sign-out. */
  function write(operation: () => MaybePromise<void>): MaybePromise<void> {
    writes += 1
    unsaved = false
    const turn = () => attempt(operation, () => void (unsaved = current !== undefined))
    const done = pending === undefined ? turn() : pending.then(turn)
    if (!(done instanceof Promise)) return
    const mine = (pending = done.finally(() => {
      if (pending === mine) pending = undefined
    }))
    return mine
  }
  function save(next: Session): MaybePromise<void> {
    setCurrent(next)
    return write(() => storage.save(next))
  }
  function clear(reason: string): void {
    epoch += 1
    unsaved = false
    if (current !== undefined) events.emit('session-ended', { reason })
    setCurrent(undefined)
  }
  function reconcile(read: Session | undefined): Session | undefined {
    const stored = isSamePair(read, ended) ? undefined : read
    const ahead = generationsAhead(stored, current)
    if (stored === undefined) {
      if (current && !unsaved) clear('signed_out_elsewhere')
    } else if (current && (ahead < 0 || (unsaved && !(ahead > 0)))) {
      if (!unsaved) void save(current)
    } else {
      // Another user has signed in elsewhere.
      if (!isSameSession(stored, current ?? stored)) clear('signed_out_elsewhere')
      if (!isSamePair(stored, current))
        events.emit('refreshed', { accessToken: stored.accessToken, elsewhere: true })
      setCurrent(stored)
    }
    return current
  }
  /** Reads the storage again, synchronously if the storage is. */
  function load(): MaybePromise<Session | undefined> {
    if (pending !== undefined) return pending.then(load)
    const before = writes
    const stored = attempt(
      () => storage.load(),
      () => current,
    )
    return stored instanceof Promise
      ? stored.then((read) => (writes === before ? reconcile(read) : load()))
      : reconcile(stored)
  }

  /**
   * Age of the pair in milliseconds, by the wall clock or the monotonic one, whichever is higher,
   * so that neither sleep nor a clock that is set back hides it. Infinity if unknown.
   */
  const ageMs = () =>
    Math.max(
      current === undefined ? 0 : Date.now() - current.receivedAt,
      ageAtFirst + performance.now() - seenAt,
    )

  return {
    ...createLifetime({ current: () => current, ageMs, thresholdMs, cookies }),
    get current() {
      return current
    },
    get epoch() {
      return epoch
    },
    load,
    save,
    end(reason: string): MaybePromise<void> {
      ended = current
      clear(reason)
      return write(() => storage.remove())
    },
    ageMs,
    /** Stores the pair of a sign-in. Pending work for the previous session is dropped. */
    start(next: Session) {
      epoch += 1
      return save(next)
    },
    /**
     * Stores the answer to a request that was sent with `sent`, unless the user has signed out or
     * in since, or there is a newer pair: answers arrive in any order, and the highest generation
     * stays.
     */
    async commit(answer: Session, sent: Session | undefined, sentEpoch: number): Promise<void> {
      await load()
      const ahead = generationsAhead(answer, current)
      const isSame = isSameSession(answer, sent)
      // A sign-in in another tab may have replaced the cookie.
      const follows =
        ahead >= 0 || (!(ahead < 0) && isSamePair(current, sent) && (isSame || cookies))
      if (epoch !== sentEpoch || !follows) return
      if (!isSame && current) clear('signed_out_elsewhere')
      await save(answer)
      events.emit('refreshed', { accessToken: answer.accessToken, elsewhere: false })
    },
    /**
     * Reads the storage, then calls `changed` for each new pair and each end of a session. Returns
     * a function that unsubscribes.
     */
    open(changed: () => void): (() => void) | undefined {
      void Promise.resolve(load()).then(() => {
        watcher = changed
        changed()
      })
      return storage.subscribe?.(() => void load())
    },
  }
}
