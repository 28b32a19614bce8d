import { Envelope, HEADERS, RevocationsData } from '@auto-refresh/contracts'
import { Compile } from 'typebox/compile'
import type { Log } from '../log.ts'
import type { RoleChange } from '../is-role-stale.ts'
import type { SharedClock } from '../shared-clock.ts'
import type { CallAuthApi } from './call-auth-api.ts'
import { pollEvery } from './poll-every.ts'
import { withResolvers } from './with-resolvers.ts'
import { toResponseError } from './to-response-error.ts'

const POLL_MS = 1000
const DEADLINE_MS = 2000
/** Reads the whole list again, in case an increment was incomplete. */
const FULL_READ_MS = 600_000
/** An older list stays in use, but a warning is logged. */
const STALE_MS = 5000

const checker = Compile(Envelope(RevocationsData))

type RoleChangeData = NonNullable<RevocationsData['role_changes']>[number]

export type RevocationFeed = ReturnType<typeof createRevocationFeed>

/**
 * Keeps the list of revoked sessions. It reads the whole list first, then every second what is new.
 * While auth-api is unavailable the list stays in use.
 */
export function createRevocationFeed({
  url,
  key,
  callAuthApi,
  elapsedMs,
  log,
  clock,
  onRetired,
}: {
  url: string
  key: string
  callAuthApi: CallAuthApi
  /** monotonic, so that a clock jump never revives a revoked token */
  elapsedMs: () => number
  log: Pick<Log, 'warn' | 'info'>
  /** receives auth-api's time from each response */
  clock?: Pick<SharedClock, 'observe'>
  /** Called when a response names a newly retired signing key. */
  onRetired?: () => void
}) {
  const revokedUntilMs = new Map<string, number>()
  /** Never removed, even if another replica does not name them yet. */
  const retiredKids = new Set<string>()
  const roleChanges = new Map<string, RoleChange & { untilMs: number }>()
  let etag: string | undefined
  /** the cursor for increments; absent: the whole list is requested */
  let since: string | undefined
  let fullReadAtMs = -Infinity
  /** when auth-api last responded, with any status */
  let respondedAtMs: number | undefined
  /** up to when the list covers token-store's revocations */
  let asOfMs: number | undefined
  let warned = false
  const read = withResolvers()

  const msSince = (atMs: number | undefined) => (atMs === undefined ? Infinity : elapsedMs() - atMs)
  const isStale = () => msSince(asOfMs) > STALE_MS

  const polling = pollEvery({
    everyMs: POLL_MS,
    poll,
    onError(error) {
      if (isStale())
        warnOnce(
          error,
          asOfMs === undefined
            ? 'requests get a 503 until it succeeds'
            : 'the known ones stay in use',
        )
    },
  })

  async function poll(): Promise<void> {
    if (elapsedMs() - fullReadAtMs >= FULL_READ_MS) since = undefined
    const requestUrl = since === undefined ? url : `${url}?since=${since}`
    const headers = {
      authorization: `Bearer ${key}`,
      ...(etag === undefined ? {} : { 'if-none-match': etag }),
    }
    const sentAtMs = elapsedMs()
    const answer = await callAuthApi({ url: requestUrl, headers, deadlineMs: DEADLINE_MS })
    respondedAtMs = elapsedMs()
    const serverMs = answer.headers.get(HEADERS.clockMs)
    if (serverMs !== null && /^\d{1,15}$/.test(serverMs))
      clock?.observe({ serverMs: Number(serverMs), sentAtMs, heardAtMs: respondedAtMs })
    if (answer.status !== 304) {
      if (answer.status !== 200 || !checker.Check(answer.body)) {
        throw toResponseError(answer, {
          call: 'the request for revocations',
          scope: 'revocations:read',
        })
      }
      for (const revoked of answer.body.data.revocations)
        remember(revoked.session_id, revoked.expires_in * 1000)
      rememberRetired(answer.body.data.retired_kids ?? [])
      answer.body.data.role_changes?.forEach(rememberRole)
      etag = answer.headers.get('etag') ?? undefined
      const { as_of: asOf, partial } = answer.body.data
      since = asOf !== undefined && /^\d+$/.test(asOf) ? asOf : undefined
      if (partial !== true) fullReadAtMs = respondedAtMs
    }
    // With several auth-api replicas the most recent list counts, because entries stay.
    asOfMs = Math.max(asOfMs ?? -Infinity, respondedAtMs - readAgeMs(answer.headers))
    if (isStale())
      warnOnce(
        new Error('auth-api serves an outdated revocation list: it cannot reach token-store'),
        'the known ones stay in use',
      )
    else {
      if (warned) log.info({}, 'Revocation feed recovered')
      warned = false
    }
    sweep()
    read.resolve()
  }

  function warnOnce(error: unknown, consequence: string): void {
    if (!warned)
      log.warn({ err: error }, `Reading the revocations from auth-api failed: ${consequence}`)
    warned = true
  }

  /** An entry stays until it expires, even if another replica does not name it yet. */
  function remember(sessionId: string, remainingMs: number): void {
    revokedUntilMs.set(
      sessionId,
      Math.max(elapsedMs() + remainingMs, revokedUntilMs.get(sessionId) ?? 0),
    )
  }

  function rememberRetired(kids: readonly string[]): void {
    const isNews = asOfMs !== undefined && kids.some((kid) => !retiredKids.has(kid))
    for (const kid of kids) retiredKids.add(kid)
    if (isNews) onRetired?.()
  }

  /** A later change stays, even if another replica names an earlier one. */
  function rememberRole(change: RoleChangeData): void {
    const { user_id: userId, role, issued_before: issuedBefore } = change
    if (issuedBefore < (roleChanges.get(userId)?.issuedBefore ?? 0)) return
    roleChanges.set(userId, { role, issuedBefore, untilMs: elapsedMs() + change.expires_in * 1000 })
  }

  function sweep(): void {
    const nowMs = elapsedMs()
    for (const [sessionId, untilMs] of revokedUntilMs)
      if (untilMs <= nowMs) revokedUntilMs.delete(sessionId)
    for (const [userId, { untilMs }] of roleChanges)
      if (untilMs <= nowMs) roleChanges.delete(userId)
  }

  return {
    isRevoked: (sessionId: string) => revokedUntilMs.has(sessionId),
    /** whether the signing key was retired because it may have leaked */
    isRetiredKey: (kid: string) => retiredKids.has(kid),
    /** the last change of the user's role, as long as older tokens may be unexpired */
    roleChangeOf: (userId: string): RoleChange | undefined => roleChanges.get(userId),
    /** milliseconds since the list was complete; `Infinity` before the first time */
    ageMs: () => msSince(asOfMs),
    /** Whether auth-api has not responded for 5 s, not even with an error. */
    isUnavailable: () => msSince(respondedAtMs) > STALE_MS,
    /** resolves after the first read */
    read: read.promise,
    start: polling.start,
    stop: polling.stop,
  }
}

/** RFC 9111 §5.1: whole seconds; without the header the list is current. */
function readAgeMs(headers: Headers): number {
  const age = headers.get('age') ?? ''
  return /^\d{1,9}$/.test(age) ? Number(age) * 1000 : 0
}
