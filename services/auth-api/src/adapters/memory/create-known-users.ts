import { CodedError } from '@auto-refresh/contracts'
import { withDeadline } from '@auto-refresh/service-kit/timing'
import { LRUCache } from 'lru-cache'
import type { KnownUsers, RoleChanges, UserState } from '../../ports/known-users.ts'
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
  maxUsers?: number
  deadlineMs?: number
}>

/**
 * Reads users in one query for each turn of the event loop. When the query fails, returns the last
 * known states.
 */
export function createKnownUsers(deps: KnownUsersDeps): KnownUsers {
  const { findByIds, clock, roleChanges, maxUsers = MAX_USERS, deadlineMs = DEADLINE_MS } = deps
  const known = new LRUCache<string, { state: UserState; atMs: number }>({ max: maxUsers })
  let unavailable = false
  let batch: { ids: Set<string>; found: Promise<Map<string, UserState>> } | undefined

  return {
    remember: (user) => void keep(user),
    areUnavailable: () => unavailable,
    async find(id) {
      try {
        const found = (await join(id)).get(id)
        if (found !== undefined) return keep(found)
        known.delete(id)
        return undefined
      } catch (error) {
        const last = known.peek(id)
        if (last !== undefined && clock.nowMs() - last.atMs < KEPT_MS) return withCurrentRole(last)
        throw error instanceof CodedError ? error : new CodedError('unavailable', { cause: error })
      }
    },
  }

  function withCurrentRole({ state, atMs }: { state: UserState; atMs: number }): UserState {
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
        `Reading users took longer than ${deadlineMs} ms`,
      )
      unavailable = false
      return new Map(users.map((user) => [user.id, user]))
    } catch (error) {
      unavailable = true
      throw error
    }
  }

  function keep({ id, username, role, active, version }: UserState): UserState {
    const state = { id, username, role, active, version }
    known.set(state.id, { state, atMs: clock.nowMs() })
    return state
  }
}
