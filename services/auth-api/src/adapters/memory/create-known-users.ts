import { CodedError } from '@auto-refresh/contracts'
import { withDeadline } from '@auto-refresh/service-kit/timing'
import { LRUCache } from 'lru-cache'
import type {
  KnownUsers,
  RoleChanges,
  UserChangeListener,
  UserChanges,
  UserState,
} from '../../ports/known-users.ts'
import type { Clock } from '../../ports/runtime.ts'
import type { User } from '../../ports/users.ts'

/** Safe for a user who has been disabled since: token-store has revoked all their sessions. */
const KEPT_MS = 86_400_000
const MAX_USERS = 100_000
/** Short, because it runs after a committed rotation while the caller waits. */
const DEADLINE_MS = 300

type KnownUsersDeps = Readonly<{
  findByIds: (ids: readonly string[]) => Promise<User[]>
  clock: Clock
  /** updates the role in a last known state */
  roleChanges?: Pick<RoleChanges, 'of' | 'isStale'>
  /** without it every call reads the database */
  changes?: UserChanges
  maxUsers?: number
  deadlineMs?: number
}>

type Known = {
  state: UserState
  readAtMs: number
  /** when the state was known to be current */
  atMs: number
  /** the series of announcements at the time of the read; undefined after a change */
  series: number | undefined
}

/** A user with claims takes the place of up to four without. */
const sizeCalculation = ({ state: { claims } }: Known) =>
  Object.keys(claims).length === 0 ? 1 : 1 + Math.ceil(JSON.stringify(claims).length / 700)

/**
 * Returns users from memory while the database announces their changes, else reads them in one query
 * for each turn of the event loop. When the query fails, returns the last known states.
 */
export function createKnownUsers(deps: KnownUsersDeps): KnownUsers & UserChangeListener {
  const { findByIds, clock, roleChanges, changes } = deps
  const { maxUsers = MAX_USERS, deadlineMs = DEADLINE_MS } = deps
  const known = new LRUCache<string, Known>({ max: maxUsers, maxSize: maxUsers, sizeCalculation })
  let unavailable = false
  let batch: { ids: Set<string>; found: Promise<Map<string, UserState>> } | undefined
  let series = 0
  /** grows with each announcement: a state that was read meanwhile may be older */
  let announced = 0

  return {
    remember: (user) => void keep(user, undefined),
    areUnavailable: () => unavailable,
    userChanged(id) {
      announced += 1
      const last = known.peek(id)
      if (last !== undefined) last.series = undefined
    },
    allMayHaveChanged() {
      announced += 1
      series += 1
    },
    async find(id) {
      const current = unavailable ? undefined : findCurrent(id)
      if (current !== undefined) return current
      const before = announced
      try {
        const found = (await join(id)).get(id)
        if (found !== undefined) return keep(found, before === announced ? series : undefined)
        known.delete(id)
        return undefined
      } catch (error) {
        const last = known.peek(id)
        if (last !== undefined && clock.nowMs() - last.atMs < KEPT_MS) return withCurrentRole(last)
        throw error instanceof CodedError ? error : new CodedError('unavailable', { cause: error })
      }
    },
  }

  /**
   * Returns only an active user, because a state that may be two seconds old must not refuse a
   * request. A recorded change of the role counts even if its announcement is missing.
   */
  function findCurrent(id: string): UserState | undefined {
    if (changes?.areKnown() !== true) return undefined
    const last = known.get(id)
    if (last?.series !== series || !last.state.active || hasOldRole(last)) return undefined
    last.atMs = clock.nowMs()
    return last.state
  }

  function hasOldRole({ state: { id: sub, role }, readAtMs }: Known): boolean {
    return roleChanges?.isStale({ sub, role, iat: readAtMs / 1000 }) === true
  }

  function withCurrentRole(last: Known): UserState {
    const { state } = last
    if (!hasOldRole(last)) return state
    return { ...state, role: roleChanges?.of(state.id)?.role ?? state.role }
  }

  function join(id: string): Promise<Map<string, UserState>> {
    batch ??= open()
    batch.ids.add(id)
    return batch.found
  }

  function open(): NonNullable<typeof batch> {
    const ids = new Set<string>()
    const found = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      batch = undefined
      return ask([...ids])
    })
    return { ids, found }
  }

  async function ask(ids: string[]): Promise<Map<string, UserState>> {
    try {
      const users = await withDeadline(
        findByIds(ids),
        deadlineMs,
        `Reading users took longer than ${deadlineMs} ms`,
      )
      unavailable = false
      return new Map(users.map((user) => [user.id, user]))
    } catch (error) {
      unavailable = true
      throw error
    }
  }

  function keep(user: UserState, seriesOfRead: number | undefined): UserState {
    const { id, username, role, active, version, keptSessionId, claims } = user
    const kept = keptSessionId === undefined ? {} : { keptSessionId }
    const state = { id, username, role, active, version, ...kept, claims }
    const nowMs = clock.nowMs()
    known.set(id, { state, readAtMs: nowMs, atMs: nowMs, series: seriesOfRead })
    return state
  }
}
