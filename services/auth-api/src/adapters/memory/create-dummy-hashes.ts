import type { Log } from '../../ports/telemetry.ts'

const RELOAD_MS = 60_000
const OURS = '$argon2id$'

type DummyHashesDeps = Readonly<{
  /** Returns the password hashes of users who were drawn at random. */
  sample: () => Promise<readonly string[]>
  /** monotonic clock */
  elapsedMs: () => number
  log: Log
}>

/**
 * Picks the hash that the dummy work for an unknown name imitates, so that the time of a response
 * does not tell imported users from unknown names: the share of names with an imported kind is that
 * of the users. The share falls as users sign in, and a name never goes back from ours to theirs.
 */
export function createDummyHashes({ sample, elapsedMs, log }: DummyHashesDeps) {
  let imported: readonly string[] = []
  let share = 0
  let loadedAtMs = -Infinity

  async function load(): Promise<void> {
    loadedAtMs = elapsedMs()
    try {
      const hashes = await sample()
      imported = hashes.filter((hash) => !hash.startsWith(OURS))
      share = hashes.length === 0 ? 0 : imported.length / hashes.length
    } catch (error) {
      log.warn({ err: error }, 'Reading kinds of password hashes failed, retrying in a minute')
    }
  }

  return {
    load,
    /**
     * Returns `undefined` for an own hash.
     *
     * @param nameHash of the unknown name, base64url
     */
    pick(nameHash: string): string | undefined {
      if (elapsedMs() - loadedAtMs > RELOAD_MS) void load()
      const bits = Buffer.from(nameHash, 'base64url')
      if (imported.length === 0 || bits.length < 8) return undefined
      const isImported = bits.readUInt32BE(0) / 2 ** 32 < share
      return isImported ? imported[bits.readUInt32BE(4) % imported.length] : undefined
    },
  }
}
