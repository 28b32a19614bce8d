import { repeat } from '@auto-refresh/service-kit/timing'
import type { RetiredKeys } from '../../ports/signing-keys.ts'
import type { Log } from '../../ports/telemetry.ts'

const POLL_MS = 1000

type RetiredKeysDeps = Readonly<{
  /** Returns the kids in a stable order. */
  read: () => Promise<string[]>
  /** Runs after a change, and after each later poll until it succeeds. */
  onChange: (keys: RetiredKeys) => Promise<void>
  log: Log
}>
type PolledRetiredKeys = RetiredKeys &
  Readonly<{
    start(): Promise<void>
    stop(): Promise<void>
    /** Reads the keys now. */
    refresh(): Promise<void>
  }>

/**
 * Keeps the retired signing keys in memory and reads them each second. While the database is
 * unavailable the known keys stay retired.
 */
export function createRetiredKeys(deps: RetiredKeysDeps): PolledRetiredKeys {
  const { read, onChange, log } = deps
  let kids: ReadonlySet<string> = new Set()
  let handled = ''
  const repeating = repeat({
    everyMs: POLL_MS,
    run: poll,
    onError: (error) =>
      log.warn({ err: error }, 'Retired key poll failed: the known ones stay retired'),
  })
  const keys: RetiredKeys = { isRetired: (kid) => kids.has(kid), kids: () => [...kids] }
  return {
    ...keys,
    async start() {
      await poll()
      repeating.start()
    },
    stop: repeating.stop,
    refresh,
  }

  async function refresh(): Promise<void> {
    const found = await read()
    // A slower, older read must not remove keys that a newer one has found.
    kids = new Set([...kids, ...found])
  }

  async function poll(): Promise<void> {
    await refresh()
    const now = [...kids].toSorted().join()
    if (now === handled) return
    await onChange(keys)
    handled = now
  }
}
