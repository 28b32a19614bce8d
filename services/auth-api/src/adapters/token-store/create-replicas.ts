import type { Log } from '../../ports/telemetry.ts'
import type { FindReplicas, Endpoint } from './create-find-replicas.ts'
import type { Replica } from './open-replica.ts'

/** How long an unhealthy replica is not probed, and the deadline of a probe. */
const PROBE_MS = 1000

type Member = {
  replica: Replica
  inFlight: number
  /** when the last call or probe failed; `undefined` while healthy */
  unhealthySinceMs: number | undefined
  timer: NodeJS.Timeout | undefined
  removed: boolean
}
/** A replica for one call. `release` ends the call and reports its outcome. */
type Lease = Readonly<{
  replica: Replica
  release(outcome: 'healthy' | 'failed', cause?: unknown): void
}>
export type Replicas = ReturnType<typeof createReplicas>

/**
 * Keeps all replicas of token-store with their health. The replica with the fewest calls in flight
 * is next, in turn among equals. A failed replica is skipped until a probe in the background
 * succeeds. When all are unhealthy, the one that failed longest ago is used.
 */
export function createReplicas({
  findReplicas,
  open,
  nowMs,
  log,
}: {
  findReplicas: FindReplicas
  open(endpoint: Endpoint): Replica
  nowMs(): number
  log: Pick<Log, 'info' | 'warn'>
}) {
  const members = new Map<string, Member>()
  let found: readonly Endpoint[] = []
  let turn = 0
  let closed = false

  async function refreshMembers(): Promise<void> {
    const newest = await findReplicas()
    if (closed) throw new Error('The token-store client is closed')
    if (newest === found) return
    found = newest
    const endpoints = new Map(
      newest.map((endpoint) => [`${endpoint.url} ${endpoint.address}`, endpoint]),
    )
    for (const [key, endpoint] of endpoints) {
      if (!members.has(key))
        members.set(key, {
          replica: open(endpoint),
          inFlight: 0,
          unhealthySinceMs: undefined,
          timer: undefined,
          removed: false,
        })
    }
    for (const key of members.keys()) if (!endpoints.has(key)) void remove(key)
  }

  async function remove(key: string): Promise<void> {
    const member = members.get(key)
    if (member === undefined) return
    members.delete(key)
    member.removed = true
    clearTimeout(member.timer)
    await member.replica.close()
  }

  function markUnhealthy(member: Member, cause: unknown): void {
    if (member.removed) return
    if (member.unhealthySinceMs === undefined)
      log.warn({ store: member.replica.place, err: cause }, 'token-store replica marked unhealthy')
    member.unhealthySinceMs = nowMs()
    clearTimeout(member.timer)
    member.timer = setTimeout(() => void probe(member), PROBE_MS).unref()
  }

  async function probe(member: Member): Promise<void> {
    if (await member.replica.isAlive(PROBE_MS)) markHealthy(member)
    else markUnhealthy(member, undefined)
  }

  function markHealthy(member: Member): void {
    if (member.unhealthySinceMs === undefined) return
    member.unhealthySinceMs = undefined
    clearTimeout(member.timer)
    log.info({ store: member.replica.place }, 'token-store replica recovered')
  }

  function lease(member: Member): Lease {
    member.inFlight += 1
    return {
      replica: member.replica,
      release(outcome, cause) {
        member.inFlight -= 1
        if (outcome === 'healthy') markHealthy(member)
        else markUnhealthy(member, cause)
      },
    }
  }

  return {
    /** Picks a replica for one call. Throws when none is known or the client is closed. */
    async pick(): Promise<Lease> {
      await refreshMembers()
      turn += 1
      const candidates = [...members.values()]
      let best: Member | undefined
      for (let i = 0; i < candidates.length; i += 1) {
        const member = candidates[(i + turn) % candidates.length]
        if (member !== undefined && (best === undefined || isBetter(member, best))) best = member
      }
      if (best === undefined) throw new Error('No token-store replica is known')
      return lease(best)
    },
    /** Whether another replica is healthy. */
    hasAnother: (replica: Replica) =>
      [...members.values()].some(
        (member) => member.replica !== replica && member.unhealthySinceMs === undefined,
      ),
    /** Waits for the calls in flight. */
    async close(): Promise<void> {
      closed = true
      await Promise.all([...members.keys()].map(remove))
    },
  }
}

/** Healthy before unhealthy, the one that failed longest ago first; then fewer calls in flight. */
function isBetter(one: Member, other: Member): boolean {
  const [ownMs, otherMs] = [one.unhealthySinceMs ?? -1, other.unhealthySinceMs ?? -1]
  return ownMs === otherMs ? one.inFlight < other.inFlight : ownMs < otherMs
}
