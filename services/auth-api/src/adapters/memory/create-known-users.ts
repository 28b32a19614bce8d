import { CodedError } from '@auto-refresh/contracts'
import { withDeadline } from '@auto-refresh/service-kit/timing'
import { LRUCache } from 'lru-cache'
import type { KnownUsers, RoleChanges, UserState } from '../../ports/known-users.ts'
import type { Clock } from '../../ports/runtime.ts'
import type { User } from '../../ports/users.ts'

/**
 * A user who was disabled meanwhile has no session left to refresh: token-store has ended them all.
 */
const KEPT_MS = 86_400_000
const MAX_USERS = 100_000
/** Short: it runs after a rotation has been committed, and the caller waits. */
const DEADLINE_MS = 300

type KnownUsersDeps = Readonly<{
  findByIds: (ids: readonly string[]) => Promise<User[]>
  clock: Clock
  /** a last known state takes the role of a later change */
  roleChanges?: Pick<RoleChanges, 'of' | 'isStale'>
  maxUsers?: number
  deadlineMs?: number
}>

/**
 * One query for all that is asked in the same turn of the event loop; the last known states stand
 * in where it fails.
 */
export function createKnownUsers(deps: KnownUsersDeps): KnownUsers {
  const { findByIds, clock, roleChanges, maxUsers = MAX_USERS, deadlineMs = DEADLINE_MS } = deps
  const known = new LRUCache<string, { state: UserState; atMs: number }>({ max: maxUsers })
  let away = false
  let batch: { ids: Set<string>; found: Promise<Map<string, UserState>> } | undefined

  return {
    remember: (user) => void keep(user),
    areUnavailable: () => away,
    async find(id) {
      try {
        const found = (await join(id)).get(id)
        if (found !== undefined) return keep(found)
        known.delete(id)
        return undefined
      } catch (error) {
        const last = known.peek(id)
        if (last !== undefined && clock.nowMs() - last.atMs < KEPT_MS) return withRoleOfNow(last)
        throw error instanceof CodedError ? error : new CodedError('unavailable', { cause: error })
      }
    },
  }

  function withRoleOfNow({ state, atMs }: { state: UserState; atMs: number }): UserState {
    const { id: sub, role } = state
    if (roleChanges?.isStale({ sub, role, iat: atMs / 1000 }) !== true) return state
    return { ...state, role: roleChanges.of(sub)?.role ?? role }
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
        `The users were not read within ${deadlineMs} ms`,
      )
      away = false
      return new Map(users.map((user) => [user.id, user]))
    } catch (error) {
      away = true
      throw error
    }
  }

  function keep({ id, username, role, active, version }: UserState): UserState {
    const state = { id, username, role, active, version }
    known.set(state.id, { state, atMs: clock.nowMs() })
    return state
  }
}
