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
 * storage is right, except that an older generation of the same session never replaces a newer one,
 * and that what could not be written lives on in memory.
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
  // The last pair that was ended here: a storage that would not let go of it does not bring it
  // back.
  let ended: Session | undefined
  let seenAt = 0
  let ageAtFirst = 0
  // Counts sign-ins and sign-outs: what was begun before one must not be stored after it.
  let epoch = 0
  let writes = 0
  let unsaved = false
  let pending: Promise<void> | undefined
  let watcher = () => {}

  function hold(next: Session | undefined) {
    const isNews = !isSamePair(next, current) || next?.receivedAt !== current?.receivedAt
    current = next
    if (!isNews) return
    seenAt = performance.now()
    ageAtFirst = next === undefined ? 0 : Date.now() - next.receivedAt
    // Nobody noted when it arrived (a page moved from the guide's client), or the clock was put
    // back since.
    if (next?.receivedAt === 0 || ageAtFirst < 0) ageAtFirst = Infinity
    watcher()
  }
  /** Does it at once where the storage can; one that does not answer has failed. */
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
  /** After the writes before it: none overtakes a sign-out. */
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
    hold(next)
    return write(() => storage.save(next))
  }
  function forget(reason: string): void {
    epoch += 1
    unsaved = false
    if (current !== undefined) events.emit('session-ended', { reason })
    hold(undefined)
  }
  function settle(read: Session | undefined): Session | undefined {
    const stored = isSamePair(read, ended) ? undefined : read
    const ahead = generationsAhead(stored, current)
    if (stored === undefined) {
      if (current && !unsaved) forget('signed_out_elsewhere')
    } else if (current && (ahead < 0 || (unsaved && !(ahead > 0)))) {
      if (!unsaved) void save(current)
    } else {
      // Another one has signed in elsewhere.
      if (!isSameSession(stored, current ?? stored)) forget('signed_out_elsewhere')
      if (!isSamePair(stored, current))
        events.emit('refreshed', { accessToken: stored.accessToken, elsewhere: true })
      hold(stored)
    }
    return current
  }
  /** Reads the storage anew; at once, without a turn of the event loop, where the storage can. */
  function load(): MaybePromise<Session | undefined> {
    if (pending !== undefined) return pending.then(load)
    const before = writes
    const stored = attempt(
      () => storage.load(),
      () => current,
    )
    return stored instanceof Promise
      ? stored.then((read) => (writes === before ? settle(read) : load()))
      : settle(stored)
  }

  /**
   * How old the pair is: by the wall clock or the monotonic one, whichever saw more, so that
   * neither sleep nor a clock put back hides it. Infinity when nobody knows.
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
      forget(reason)
      return write(() => storage.remove())
    },
    ageMs,
    /** A sign-in: whatever was under way for the session before belongs to nobody now. */
    start(next: Session) {
      epoch += 1
      return save(next)
    },
    /**
     * The commit guard. Stores the answer to a request that was sent with `sent`, unless somebody
     * signed out or in meanwhile, or a newer pair is there: answers arrive in any order, and the
     * highest generation stays.
     */
    async commit(answer: Session, sent: Session | undefined, sentEpoch: number): Promise<void> {
      await load()
      const ahead = generationsAhead(answer, current)
      const isSame = isSameSession(answer, sent)
      // The cookie may have become another session's, by a sign-in in another tab.
      const follows =
        ahead >= 0 || (!(ahead < 0) && isSamePair(current, sent) && (isSame || cookies))
      if (epoch !== sentEpoch || !follows) return
      if (!isSame && current) forget('signed_out_elsewhere')
      await save(answer)
      events.emit('refreshed', { accessToken: answer.accessToken, elsewhere: false })
    },
    /**
     * Reads for the first time, then calls `changed` for each new pair and each end. Returns what
     * ends that.
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
