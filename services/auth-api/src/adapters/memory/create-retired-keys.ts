import { repeat } from '@auto-refresh/service-kit/timing'
import type { RetiredKeys } from '../../ports/signing-keys.ts'
import type { Log } from '../../ports/telemetry.ts'

const POLL_MS = 1000

type RetiredKeysDeps = Readonly<{
  /** the kids in a stable order */
  read: () => Promise<string[]>
  /** Runs after a change and again after each poll until it succeeds. */
  onChange: (keys: RetiredKeys) => Promise<void>
  log: Log
}>
type PolledRetiredKeys = RetiredKeys &
  Readonly<{
    start(): Promise<void>
    stop(): Promise<void>
    /** Reads them at once. */
    refresh(): Promise<void>
  }>

/**
 * The retired signing keys in memory, read each second. While the database is unavailable the known
 * ones stay retired.
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
    // After the wait: another reading may have found more.
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
