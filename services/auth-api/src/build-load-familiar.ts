import { toPlace } from './adapters/http/request/request-context.ts'
import type { LoginAudit } from './ports/login-records.ts'
import type { FamiliarSignIns } from './ports/sign-in-limits.ts'
import type { Log } from './ports/telemetry.ts'

const MOST = 50_000
/** The start waits for it: what is not read by then is familiar again after its next sign-in. */
const BUDGET_MS = 2000

/**
 * Reads the latest sign-ins back into memory at the start, so that a restart in a flood does not
 * refuse those who always sign in from the same place. A failure is logged and stops nothing.
 */
export function buildLoadFamiliar({
  audit,
  familiar,
  elapsedMs,
  log,
}: {
  audit: Pick<LoginAudit, 'signInsBefore'>
  familiar: Pick<FamiliarSignIns, 'add'>
  elapsedMs: () => number
  log: Log
}): () => Promise<void> {
  return async () => {
    const endMs = elapsedMs() + BUDGET_MS
    const read: { usernameHash: string; block: string }[] = []
    let before: string | undefined
    try {
      do {
        const page = await audit.signInsBefore(before)
        for (const { usernameHash, address } of page.signIns)
          read.push({ usernameHash, block: toPlace(address).block })
        before = page.next
      } while (before !== undefined && read.length < MOST && elapsedMs() < endMs)
    } catch (error) {
      log.warn(
        { err: error },
        'Latest sign-ins read failed: their users are familiar after the next one',
      )
    }
    // The latest comes last, so that it is forgotten last.
    for (const signIn of read.toReversed()) familiar.add(signIn)
  }
}
