import { hash } from 'node:crypto'
import { isRoleStale } from '@auto-refresh/server/core'
import { repeat } from '@auto-refresh/service-kit/timing'
import type { RoleChanges, UserRoleChange } from '../../ports/known-users.ts'
import type { Log } from '../../ports/telemetry.ts'

const POLL_MS = 1000

type RoleChangesDeps = Readonly<{
  /** Returns the changes in a stable order. */
  read: () => Promise<UserRoleChange[]>
  log: Log
}>
type PolledRoleChanges = RoleChanges & Readonly<{ start(): Promise<void>; stop(): Promise<void> }>

/**
 * Keeps the role changes in memory and reads them each second. While the database is unavailable
 * the known changes stay in force.
 */
export function createRoleChanges({ read, log }: RoleChangesDeps): PolledRoleChanges {
  let known: readonly UserRoleChange[] = []
  let byUser = new Map<string, UserRoleChange>()
  let tag = ''
  const repeating = repeat({
    everyMs: POLL_MS,
    run: poll,
    onError: (error) =>
      log.warn({ err: error }, 'Role change poll failed: the known ones stay in force'),
  })
  return {
    of: (userId) => byUser.get(userId),
    isStale: (claims) => isRoleStale(claims, byUser.get(claims.sub)),
    list: () => known,
    tag: () => tag,
    async start() {
      await poll()
      repeating.start()
    },
    stop: repeating.stop,
  }

  async function poll(): Promise<void> {
    known = await read()
    byUser = new Map(known.map((change) => [change.userId, change]))
    tag = toTag(known)
  }
}

function toTag(changes: readonly UserRoleChange[]): string {
  if (changes.length === 0) return ''
  const lines = changes.map(({ userId, role, issuedBefore }) =>
    JSON.stringify([userId, role, issuedBefore]),
  )
  return hash('sha256', lines.join(), 'base64url').slice(0, 22)
}
