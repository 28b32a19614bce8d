import type { Log } from '../../ports/telemetry.ts'
import type { Directory, Endpoint } from './create-directory.ts'
import type { Store } from './open-store.ts'

/** How long a store that failed is left alone, and how long it may take to show that it is back. */
const REST_MS = 1000

type Member = {
  store: Store
  busy: number
  awaySinceMs: number | undefined
  timer: NodeJS.Timeout | undefined
  gone: boolean
}
/** A store in use; told how the use went, it is given back. */
type Lease = Readonly<{
  store: Store
  end(outcome: 'well' | 'trouble', cause?: unknown): void
}>
export type Stores = ReturnType<typeof createStores>

/**
 * All token-stores, each with its health. The one with the fewest calls is next, in turn among
 * equals. One that failed is left alone until it has answered a question in the background, so that
 * no caller pays for finding out. When all are away, the one that has been for longest is tried at
 * once.
 */
export function createStores({
  directory,
  open,
  nowMs,
  log,
}: {
  directory: Directory
  open(endpoint: Endpoint): Store
  nowMs(): number
  log: Pick<Log, 'info' | 'warn'>
}) {
  const members = new Map<string, Member>()
  let turn = 0
  let closed = false

  async function present(): Promise<Member[]> {
    const endpoints = new Map(
      (await directory()).map((endpoint) => [`${endpoint.url} ${endpoint.address}`, endpoint]),
    )
    if (closed) throw new Error('The token-store client is closed')
    for (const [key, endpoint] of endpoints) {
      if (!members.has(key))
        members.set(key, {
          store: open(endpoint),
          busy: 0,
          awaySinceMs: undefined,
          timer: undefined,
          gone: false,
        })
    }
    for (const key of members.keys()) if (!endpoints.has(key)) void dismiss(key)
    return [...members.values()]
  }

  async function dismiss(key: string): Promise<void> {
    const member = members.get(key)
    if (member === undefined) return
    members.delete(key)
    member.gone = true
    clearTimeout(member.timer)
    await member.store.close()
  }

  function leaveAlone(member: Member, cause: unknown): void {
    if (member.gone) return
    if (member.awaySinceMs === undefined)
      log.warn({ store: member.store.place, err: cause }, 'token-store replica marked unhealthy')
    member.awaySinceMs = nowMs()
    clearTimeout(member.timer)
    member.timer = setTimeout(() => void lookAfter(member), REST_MS).unref()
  }

  async function lookAfter(member: Member): Promise<void> {
    if (await member.store.isAlive(REST_MS)) welcome(member)
    else leaveAlone(member, undefined)
  }

  function welcome(member: Member): void {
    if (member.awaySinceMs === undefined) return
    member.awaySinceMs = undefined
    clearTimeout(member.timer)
    log.info({ store: member.store.place }, 'token-store replica recovered')
  }

  function lease(member: Member): Lease {
    member.busy += 1
    return {
      store: member.store,
      end(outcome, cause) {
        member.busy -= 1
        if (outcome === 'well') welcome(member)
        else leaveAlone(member, cause)
      },
    }
  }

  return {
    /** The best one; one that has just failed comes last. Throws when none is known. */
    async pick(): Promise<Lease> {
      const candidates = await present()
      turn += 1
      const best = candidates
        .map((_, i) => candidates[(i + turn) % candidates.length])
        .filter((member) => member !== undefined)
        .toSorted((a, b) => (a.awaySinceMs ?? -1) - (b.awaySinceMs ?? -1) || a.busy - b.busy)[0]
      if (best === undefined) throw new Error('No token-store is known')
      return lease(best)
    },
    hasAnother: (store: Store) =>
      [...members.values()].some(
        (member) => member.store !== store && member.awaySinceMs === undefined,
      ),
    /** Waits for the answers that are still to come. */
    async close(): Promise<void> {
      closed = true
      await Promise.all([...members.keys()].map(dismiss))
    },
  }
}
