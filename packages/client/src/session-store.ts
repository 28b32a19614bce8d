import { AuthError } from './auth-error.ts'
import type { Events } from './events.ts'
import { generationsAhead, isSamePair, type Session } from './session.ts'
import type { MaybePromise, TokenStorage } from './storage/token-storage.ts'

export type SessionStore = ReturnType<typeof createSessionStore>

/**
 * The session of this instance: a copy in memory over the storage that it shares with others. The storage is right, except that
 * an older generation of the same session never replaces a newer one, and that what could not be written lives on in memory.
 */
export function createSessionStore({ storage, events }: { storage: TokenStorage; events: Events }) {
  let current: Session | undefined
  let seen = { at: 0, ageMs: 0, undated: false }
  // Counts sign-ins and sign-outs: what was begun before one must not be stored after it.
  let epoch = 0
  let writes = 0
  let unsaved = false
  let pending: Promise<void> | undefined
  const watchers = new Set<() => void>()

  function hold(next: Session | undefined) {
    const same = isSamePair(next, current) && next?.receivedAt === current?.receivedAt
    if (!same && next !== undefined) {
      const ageMs = Date.now() - next.receivedAt
      // Nobody noted when it arrived (a page moved from the guide's client), or the clock was put back since.
      seen = { at: performance.now(), ageMs: Math.max(0, ageMs), undated: next.receivedAt === 0 || ageMs < -1000 }
    }
    current = next
    if (!same) for (const watch of watchers) watch()
  }
  function fail(cause: unknown) {
    unsaved = current !== undefined
    events.emit('error', new AuthError('storage_failed', 'The storage cannot be used; the session is kept in memory', { cause }))
  }
  // Writes to an asynchronous storage go one after the other, and a read waits for them: none overtakes a sign-out.
  function write(operation: () => MaybePromise<void>): MaybePromise<void> {
    writes += 1
    unsaved = false
    if (pending === undefined) {
      try {
        const done = operation()
        if (!(done instanceof Promise)) return
        pending = done
      } catch (cause) {
        return fail(cause)
      }
    } else pending = pending.then(operation)
    const mine: Promise<void> = pending.catch(fail).finally(() => {
      if (pending === mine) pending = undefined
    })
    return (pending = mine)
  }
  function save(next: Session): MaybePromise<void> {
    hold(next)
    return write(() => storage.save(next))
  }
  function end(reason: string, remove = true): MaybePromise<void> {
    const had = current !== undefined
    epoch += 1
    unsaved = false
    hold(undefined)
    if (had) events.emit('session-ended', { reason })
    return remove ? write(() => storage.remove()) : undefined
  }
  function settle(stored: Session | undefined): Session | undefined {
    const ahead = generationsAhead(stored, current) ?? 0
    if (stored === undefined) {
      if (current !== undefined && !unsaved) void end('signed_out_elsewhere', false)
    } else if (ahead < 0 || (unsaved && ahead === 0)) {
      if (!unsaved && current !== undefined) void save(current)
    } else {
      const news = !isSamePair(stored, current)
      hold(stored)
      if (news) events.emit('refreshed', { accessToken: stored.accessToken, elsewhere: true })
    }
    return current
  }
  /** Reads the storage anew; at once, without a turn of the event loop, where the storage can. */
  function load(): MaybePromise<Session | undefined> {
    if (pending !== undefined) return pending.then(load)
    const before = writes
    try {
      const stored = storage.load()
      if (!(stored instanceof Promise)) return settle(stored)
      return stored.then(
        (value) => (writes === before ? settle(value) : load()),
        (cause: unknown) => (fail(cause), current),
      )
    } catch (cause) {
      fail(cause)
      return current
    }
  }

  try {
    const first = storage.load()
    if (!(first instanceof Promise)) hold(first)
  } catch {
    // The first use reports it.
  }
  const unsubscribe = storage.subscribe?.(() => void load())

  return {
    get current() {
      return current
    },
    get epoch() {
      return epoch
    },
    load,
    save,
    end,
    /** How old the pair is: by the wall clock or the monotonic one, whichever saw more, so that neither sleep nor a clock put back hides it. */
    ageMs: () => (current === undefined ? 0 : Math.max(Date.now() - current.receivedAt, seen.ageMs + performance.now() - seen.at)),
    isUndated: () => seen.undated,
    /** A sign-in: whatever was under way for the session before belongs to nobody now. */
    start(next: Session) {
      epoch += 1
      return save(next)
    },
    /**
     * The commit guard. Stores the answer to a request that was sent with `sent`, unless somebody signed out or in meanwhile,
     * or a newer pair is there: answers arrive in any order, and the highest generation stays.
     */
    async commit(answer: Session, sent: Session | undefined, sentEpoch: number): Promise<boolean> {
      await load()
      const ahead = generationsAhead(answer, current)
      const follows = ahead === undefined ? isSamePair(current, sent) : ahead >= 0
      if (epoch !== sentEpoch || !follows) return false
      await save(answer)
      events.emit('refreshed', { accessToken: answer.accessToken, elsewhere: false })
      return true
    },
    watch: (changed: () => void) => void watchers.add(changed),
    dispose() {
      watchers.clear()
      unsubscribe?.()
    },
  }
}
