import { CodedError } from '@auto-refresh/contracts'
import type { Clock, KnownUsers, User, UserState } from '../../ports.ts'

const KEPT_MS = 3_600_000
const MAX_USERS = 100_000
/** Short: it runs after a rotation has been committed, and the caller waits. */
const DEADLINE_MS = 300

export type KnownUsersDeps = Readonly<{
  findByIds: (ids: readonly string[]) => Promise<User[]>
  clock: Clock
  maxUsers?: number
  deadlineMs?: number
}>

/** One query for all that is asked in the same turn of the event loop; the last known states stand in where it fails. */
export function createKnownUsers({ findByIds, clock, maxUsers = MAX_USERS, deadlineMs = DEADLINE_MS }: KnownUsersDeps): KnownUsers {
  const known = new Map<string, { state: UserState; atMs: number }>()
  let batch: { ids: Set<string>; found: Promise<Map<string, UserState>> } | undefined

  return {
    async find(id) {
      try {
        const state = (await join(id)).get(id)
        if (state === undefined) known.delete(id)
        else remember(state)
        return state
      } catch (error) {
        const last = known.get(id)
        if (last !== undefined && clock.nowMs() - last.atMs < KEPT_MS) return last.state
        throw error instanceof CodedError ? error : new CodedError('unavailable', { cause: error })
      }
    },
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
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`The users were not read within ${deadlineMs} ms`)), deadlineMs)
    })
    try {
      const users = await Promise.race([findByIds(ids), late])
      return new Map(users.map((user) => [user.id, toState(user)]))
    } finally {
      clearTimeout(timer)
    }
  }

  function remember(state: UserState): void {
    // the one seen longest ago comes first, and goes first
    known.delete(state.id)
    known.set(state.id, { state, atMs: clock.nowMs() })
    const oldest = known.keys().next().value
    if (known.size > maxUsers && oldest !== undefined) known.delete(oldest)
  }
}

function toState({ id, username, role, active, version }: User): UserState {
  return { id, username, role, active, version }
}
