import { Envelope, HEADERS, RevocationsData } from '@auto-refresh/contracts'
import { Compile } from 'typebox/compile'
import type { Log } from '../log.ts'
import type { RoleChange } from '../is-role-stale.ts'
import type { SharedClock } from '../shared-clock.ts'
import type { Ask } from './ask.ts'
import { pollEvery } from './poll-every.ts'
import { withResolvers } from './with-resolvers.ts'
import { toAnswerError } from './to-answer-error.ts'

const POLL_MS = 1000
const DEADLINE_MS = 2000
/** The whole list again, in case that an answer between was not complete. */
const WHOLE_MS = 600_000
/** A list that is older still serves, and somebody should know. */
const STALE_MS = 5000

const checker = Compile(Envelope(RevocationsData))

type ToldRoleChange = NonNullable<RevocationsData['role_changes']>[number]

export type RevocationFeed = ReturnType<typeof createRevocationFeed>

/**
 * The sessions whose access tokens are dead. The list is read whole at first, then each second what
 * is new. While auth-api is unavailable the list serves as it stands.
 */
export function createRevocationFeed({
  url,
  key,
  ask,
  elapsedMs,
  log,
  clock,
  onRetired,
}: {
  url: string
  key: string
  ask: Ask
  /** monotonic: a clock that leaps must not bring dead tokens back to life */
  elapsedMs: () => number
  log: Pick<Log, 'warn' | 'info'>
  /** learns auth-api's time from each answer */
  clock?: Pick<SharedClock, 'observe'>
  /** Called when a signing key has been retired since the last answer. */
  onRetired?: () => void
}) {
  const diesAtMs = new Map<string, number>()
  /** for good, also when the next answer, of another replica, does not name them yet */
  const retiredKids = new Set<string>()
  const roleChanges = new Map<string, RoleChange & { untilMs: number }>()
  let etag: string | undefined
  /** where what is new begins; absent: the whole list is asked for */
  let since: string | undefined
  let wholeAtMs = -Infinity
  /** when auth-api last answered anything at all */
  let heardAtMs: number | undefined
  /** when token-store had told no more than what we know */
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
          asOfMs === undefined ? 'until they are, access tokens get a 503' : 'the known ones stay',
        )
    },
  })

  async function poll(): Promise<void> {
    if (elapsedMs() - wholeAtMs >= WHOLE_MS) since = undefined
    const asked = since === undefined ? url : `${url}?since=${since}`
    const headers = {
      authorization: `Bearer ${key}`,
      ...(etag === undefined ? {} : { 'if-none-match': etag }),
    }
    const sentAtMs = elapsedMs()
    const answer = await ask({ url: asked, headers, deadlineMs: DEADLINE_MS })
    heardAtMs = elapsedMs()
    const serverMs = answer.headers.get(HEADERS.clockMs)
    if (serverMs !== null && /^\d{1,15}$/.test(serverMs))
      clock?.observe({ serverMs: Number(serverMs), sentAtMs, heardAtMs })
    if (answer.status !== 304) {
      if (answer.status !== 200 || !checker.Check(answer.body)) {
        throw toAnswerError(answer, {
          question: 'the question for revocations',
          keySetting: 'REVOCATION_FEED_KEYS',
        })
      }
      for (const revoked of answer.body.data.revocations)
        remember(revoked.session_id, revoked.expires_in * 1000)
      rememberRetired(answer.body.data.retired_kids ?? [])
      answer.body.data.role_changes?.forEach(rememberRole)
      etag = answer.headers.get('etag') ?? undefined
      const { as_of: told, partial } = answer.body.data
      since = told !== undefined && /^\d+$/.test(told) ? told : undefined
      if (partial !== true) wholeAtMs = heardAtMs
    }
    // of several auth-apis the best informed counts, for what it has told stays
    asOfMs = Math.max(asOfMs ?? -Infinity, heardAtMs - readAgeMs(answer.headers))
    if (isStale())
      warnOnce(
        new Error('auth-api serves an outdated revocation list: it cannot reach token-store'),
        'the known ones stay',
      )
    else {
      if (warned) log.info('Revocation feed recovered')
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

  /**
   * An entry stays for its time, even when the next answer, of another replica, has not heard of it
   * yet.
   */
  function remember(sessionId: string, remainingMs: number): void {
    diesAtMs.set(sessionId, Math.max(elapsedMs() + remainingMs, diesAtMs.get(sessionId) ?? 0))
  }

  function rememberRetired(kids: readonly string[]): void {
    const isNews = asOfMs !== undefined && kids.some((kid) => !retiredKids.has(kid))
    for (const kid of kids) retiredKids.add(kid)
    if (isNews) onRetired?.()
  }

  /** A later change stays, even when the next answer, of another replica, names an earlier one. */
  function rememberRole(told: ToldRoleChange): void {
    const { user_id: userId, role, issued_before: issuedBefore } = told
    if (issuedBefore < (roleChanges.get(userId)?.issuedBefore ?? 0)) return
    roleChanges.set(userId, { role, issuedBefore, untilMs: elapsedMs() + told.expires_in * 1000 })
  }

  function sweep(): void {
    const nowMs = elapsedMs()
    for (const [sessionId, untilMs] of diesAtMs) if (untilMs <= nowMs) diesAtMs.delete(sessionId)
    for (const [userId, { untilMs }] of roleChanges)
      if (untilMs <= nowMs) roleChanges.delete(userId)
  }

  return {
    isRevoked: (sessionId: string) => diesAtMs.has(sessionId),
    /** whether the signing key was thrown away: others may hold it */
    isRetiredKey: (kid: string) => retiredKids.has(kid),
    /** the last change of the user's role, while tokens from before it may be unexpired */
    roleChangeOf: (userId: string): RoleChange | undefined => roleChanges.get(userId),
    /** since token-store told auth-api the list that we have; `Infinity` before the first time */
    ageMs: () => msSince(asOfMs),
    /** auth-api has not answered for a while, not even with a refusal */
    isAway: () => msSince(heardAtMs) > STALE_MS,
    /** resolves when the list has been read for the first time */
    read: read.promise,
    start: polling.start,
    stop: polling.stop,
  }
}

/** RFC 9111 §5.1: whole seconds; without one the list is of now. */
function readAgeMs(headers: Headers): number {
  const age = headers.get('age') ?? ''
  return /^\d{1,9}$/.test(age) ? Number(age) * 1000 : 0
}
