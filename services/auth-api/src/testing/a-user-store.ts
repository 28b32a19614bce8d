import { vi } from 'vitest'
import { toUsernameKey } from '../domain/username.ts'
import type { AdminAct } from '../ports/admin-acts.ts'
import type { InUserTransaction, UserTransaction } from '../ports/user-transactions.ts'
import type { User, Users } from '../ports/users.ts'
import { aUser, USER_ID } from './fakes.ts'

/** Users in memory. `acts` has what was committed; `calls` has the order of what was done. */
export function aUserStore({ user = aUser() }: { user?: User | undefined } = {}) {
  const acts: AdminAct[] = []
  const calls: string[] = []
  let stored: User | undefined = user
  let isErased = false
  const isKnown = (id: string) => id === USER_ID && stored !== undefined && !isErased
  const change = (id: string, to: Partial<User>) => {
    if (isKnown(id) && stored !== undefined) stored = { ...stored, ...to }
  }
  const users = {
    add: vi.fn<Users['add']>(async ({ username, role }) =>
      username === 'taken' ? undefined : aUser({ username, role }),
    ),
    setRole: vi.fn<Users['setRole']>(async (id, role) => change(id, { role })),
    revoke: vi.fn<Users['revoke']>(async (userId, reason, { active }) => {
      calls.push(`revoke ${reason}`)
      if (active === false) change(userId, { active })
      return { id: 'p', userId, version: 2, reason }
    }),
    enable: vi.fn<Users['enable']>(async (id) => {
      calls.push('enable')
      change(id, { active: true })
      return true
    }),
  }
  const transaction = {
    users,
    lock: vi.fn<UserTransaction['lock']>(async (id) => (isKnown(id) ? stored : undefined)),
    rename: vi.fn<UserTransaction['rename']>(async (id, username) => {
      if (username === 'taken') return false
      change(id, { username })
      return true
    }),
    setClaims: vi.fn<UserTransaction['setClaims']>(async (id, claims) => change(id, { claims })),
    erase: vi.fn<UserTransaction['erase']>(async () => {
      isErased = true
      calls.push('erase')
    }),
  }
  const inTransaction: InUserTransaction = async (work) => {
    const recorded: AdminAct[] = []
    const before = { stored, isErased }
    try {
      const result = await work({
        ...transaction,
        record: async (act) => void recorded.push(act),
      })
      acts.push(...recorded)
      if (recorded.length > 0) calls.push('commit')
      return result
    } catch (error) {
      stored = before.stored
      isErased = before.isErased
      throw error
    }
  }
  return {
    acts,
    calls,
    ...transaction,
    inTransaction,
    stored: () => stored,
    findByName: vi.fn<Users['findByName']>(async (key) =>
      stored !== undefined && key === toUsernameKey(stored.username) ? stored : undefined,
    ),
    erasures: {
      isErased: async (id: string) => id === USER_ID && isErased,
      eraseRecords: vi.fn<(limit: number) => Promise<number>>(async () => {
        calls.push('erase records')
        return 0
      }),
    },
  }
}
