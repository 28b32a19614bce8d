import { toPlace } from './adapters/http/request/request-context.ts'
import type { LoginAudit } from './ports/login-records.ts'
import type { FamiliarSignIns } from './ports/sign-in-limits.ts'
import type { Log } from './ports/telemetry.ts'

const MOST = 50_000
/**
 * The start waits this long. Sign-ins that are not read by then are familiar after their next one.
 */
const BUDGET_MS = 2000

/**
 * Reads the latest sign-ins into memory at the start, so that a restart in a flood does not refuse
 * users at their usual place. A failure is logged and does not stop the start.
 */
export function buildLoadFamiliarSignIns({
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
        'Latest sign-ins read failed: users become familiar at their next sign-in',
      )
    }
    // The latest last, so that it is dropped last.
    for (const signIn of read.toReversed()) familiar.add(signIn)
  }
}
