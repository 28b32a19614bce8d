import {
  LONGEST_ACCESS_TOKEN_SECONDS,
  type RevocationsRequest,
  type RevocationsResult,
} from '@auto-refresh/contracts'
import type { TokenStore } from '@auto-refresh/contracts'
import { repeat } from '@auto-refresh/service-kit/timing'
import type { RevocationFeed, Revocations } from '../../ports/revocations.ts'
import type { Log, Metrics } from '../../ports/telemetry.ts'
import { createRevocationEntries, type RevocationEntry } from './create-revocation-entries.ts'
import { readPages } from './read-pages.ts'

const POLL_MS = 500
/**
 * Each question reaches back this far before the last answer: a revocation that committed late is
 * still told.
 */
const OVERLAP_MS = 10_000
/**
 * Pages of the overlap that a poll reads again while new ones are many. More of them find what
 * committed late sooner, and let the list grow older meanwhile.
 */
const PAGES_BEHIND = 5
/**
 * An access token is signed by our clock, an entry ends by token-store's; they may be apart by
 * this.
 */
const CLOCK_MARGIN_MS = 60_000
/** How often expired entries are looked for, and how old the whole list may be as it is told. */
const SWEEP_MS = 1000
/**
 * How often everything is read again, for what a clock that leapt has kept from the questions
 * between.
 */
const WHOLE_MS = 60_000
/**
 * Until token-store says how long the access tokens of a session live, which may be longer than the
 * setting of today allows, an entry of our own stays this long.
 */
const LONGEST_LIFE_MS = LONGEST_ACCESS_TOKEN_SECONDS * 1000
/**
 * A session that had ended before is on the list of token-store if any of its access tokens is
 * alive, so the next answer tells it. An answer this much later has not: its tokens are dead.
 */
const UNTIL_TOLD_MS = 180_000

type RevocationListDeps = Readonly<{
  tokenStore: Pick<TokenStore, 'revocations'>
  metrics: Pick<Metrics, 'revocationLearned'>
  /** monotonic: a clock that leaps forward must not bring dead tokens back to life */
  elapsedMs: () => number
  log: Log
  /** the life that access tokens are given now */
  accessTtlSeconds: number
}>
type RevocationList = Revocations &
  Omit<RevocationFeed, 'retiredKids' | 'roleChanges'> &
  Readonly<{
    /**
     * Resolves when the list has been read whole; retries until it is, or until `stop` or the
     * signal.
     */
    start(signal?: AbortSignal): Promise<void>
    stop(): Promise<void>
    /** Sessions on the list now. */
    size(): number
  }>

/**
 * The sessions whose access tokens are dead, polled from token-store. While token-store is
 * unavailable the list is used as it stands. Each poll asks for what is new and then for one page
 * of the whole list, when it is time: a list that cannot be read whole never stops new revocations.
 *
 * Pages are in the order in which sessions ended. In a burst, each poll first reads on at the
 * front, then some pages of the overlap, where a row that committed late appears.
 */
export function createRevocationList(deps: RevocationListDeps): RevocationList {
  const { tokenStore, metrics, elapsedMs, log, accessTtlSeconds } = deps
  const entries = createRevocationEntries()
  /** sessions that had ended before this process was asked to end them, and when it was */
  const addedLate = new Map<string, number>()
  let told: { atMs: number; list: ReturnType<RevocationFeed['whole']> } | undefined
  /** Every session whose end had committed by then is known. The next question starts there. */
  let heard: Heard | undefined
  /** on our clock: every session stamped earlier is known, but for those that committed late */
  let knownAtMs = -Infinity
  /** token-store's clock in its last answer, and whether it has been set back */
  let storeMs = -Infinity
  let leapt = false
  /** a reading of the whole list that is under way: one that failed goes on where it stopped */
  let whole: Reading | undefined
  /** the same for a question for what is new: a burst that takes many pages is not read again */
  let news: Reading | undefined
  /** the place in a burst that has been read up to; absent where one page is enough */
  let front: string | undefined
  let wholeAtMs = -Infinity
  let wholeFails = false
  let sweptAtMs = elapsedMs()
  const waited = Promise.withResolvers<void>()
  const polling = repeat({
    everyMs: POLL_MS,
    run: poll,
    onError: (error) =>
      log.warn({ err: error }, 'Revocation poll failed: the known revocations stay in force'),
  })

  return {
    isRevoked: (sessionId) => entries.has(sessionId),
    add(sessionId, { endedBefore } = { endedBefore: false }) {
      const addedAtMs = elapsedMs()
      if (!entries.has(sessionId)) {
        entries.set(sessionId, {
          untilMs: addedAtMs + LONGEST_LIFE_MS + CLOCK_MARGIN_MS,
          addedAtMs,
        })
        if (endedBefore) addedLate.set(sessionId, addedAtMs)
        told = undefined
      }
    },
    tag() {
      sweep()
      return entries.tag()
    },
    whole() {
      sweep()
      const atMs = elapsedMs()
      if (told === undefined || atMs - told.atMs >= SWEEP_MS)
        told = { atMs, list: entries.list((entry) => secondsLeft(entry, atMs)) }
      return told.list
    },
    since(fromMs) {
      sweep()
      const atMs = elapsedMs()
      return entries.since(fromMs - OVERLAP_MS, (entry) => secondsLeft(entry, atMs))
    },
    asOfMs: () => heard?.storeMs,
    size: () => entries.size(),
    feedAgeMs: () => (heard === undefined ? Infinity : elapsedMs() - knownAtMs),
    async start(signal) {
      signal?.addEventListener('abort', () => waited.resolve(), { once: true })
      if (signal?.aborted === true) return
      await poll().catch((error: unknown) =>
        log.warn({ err: error }, 'Revocation list read failed: retrying'),
      )
      polling.start()
      await waited.promise
    },
    async stop() {
      await polling.stop()
      waited.resolve()
    },
  }

  /** Before the first whole list: its pages. After it: what is new since the last answer. */
  async function poll(): Promise<void> {
    if (heard === undefined) return readWhole(Infinity)
    if (leapt) {
      // What ends from now on is stamped earlier than what has been read.
      leapt = false
      front = undefined
      news = undefined
      heard = { ...heard, storeMs: Math.min(heard.storeMs, storeMs) }
    }
    const sinceMs = heard.storeMs - OVERLAP_MS
    if (front !== undefined) await readFront(sinceMs)
    await readNews(sinceMs)
    await readAgain()
    sweep()
  }

  /** Up to the newest, from one page back: a row that commits a moment late is found there. */
  async function readFront(sinceMs: number): Promise<void> {
    await readPages(ask, { sinceMs, after: front }, (answer, after) => {
      receive(answer)
      moveFront(answer, after)
    })
  }

  /** A stamp in the future is no place to read on from: what is new is stamped earlier. */
  function moveFront(
    { next, nowMs, readToMs = Infinity }: Received,
    after: string | undefined,
  ): void {
    if (next !== undefined) front = readToMs <= nowMs ? after : undefined
  }

  async function readNews(sinceMs: number): Promise<void> {
    const most = front === undefined ? Infinity : PAGES_BEHIND
    await readPages(ask, { sinceMs, after: news?.after, most }, (answer, after) => {
      receive(answer)
      news = { startedAt: news?.startedAt ?? toHeard(answer), after: answer.next }
      if (most === Infinity) moveFront(answer, after)
      if (answer.next !== undefined) return
      if (after === undefined) front = undefined
      heard = news.startedAt
      news = undefined
    })
  }

  /** One page a poll, so that reading everything again takes a small part of a core. */
  async function readAgain(): Promise<void> {
    if (whole === undefined && elapsedMs() - wholeAtMs < WHOLE_MS) return
    try {
      await readWhole(1)
      wholeFails = false
    } catch (error) {
      if (!wholeFails) log.warn({ err: error }, 'Revocation list re-read failed: retrying')
      wholeFails = true
    }
  }

  async function readWhole(most: number): Promise<void> {
    await readPages(ask, { after: whole?.after, most }, (answer) => {
      receive(answer)
      whole = { startedAt: whole?.startedAt ?? toHeard(answer), after: answer.next }
      if (answer.next !== undefined) return
      // What was revoked while the pages were read is behind `startedAt`: the increments ask for
      // it.
      heard ??= whole.startedAt
      wholeAtMs = whole.startedAt.atMs
      whole = undefined
      sweep()
      waited.resolve()
    })
  }

  async function ask(request: RevocationsRequest): Promise<Received> {
    const askedAtMs = elapsedMs()
    return { ...(await tokenStore.revocations(request)), askedAtMs }
  }

  function receive(answer: Received): void {
    learnAll(answer)
    const { nowMs, readToMs = -Infinity, next, askedAtMs } = answer
    const behindMs = next === undefined ? 0 : Math.max(0, nowMs - readToMs)
    knownAtMs = Math.max(knownAtMs, askedAtMs - behindMs)
    if (nowMs < storeMs) leapt = true
    storeMs = nowMs
  }

  function learnAll({ nowMs, revocations }: RevocationsResult): void {
    for (const revoked of revocations) {
      if (heard !== undefined && !entries.has(revoked.sessionId)) {
        metrics.revocationLearned(Math.max(0, (nowMs - revoked.revokedAtMs) / 1000))
      }
      learn(revoked, nowMs)
    }
  }

  /**
   * What token-store reports replaces our own estimate, so that all processes have the same list.
   * It never shortens what it has reported before, nor the life that the tokens had left when we
   * ended the session: its clock may have leapt since.
   */
  function learn(
    { sessionId, untilMs, revokedAtMs }: RevocationsResult['revocations'][number],
    nowMs: number,
  ): void {
    const known = entries.get(sessionId)
    const ownMs =
      known?.addedAtMs === undefined
        ? known?.untilMs
        : known.addedAtMs + (untilMs - revokedAtMs) + CLOCK_MARGIN_MS
    const endMs = Math.max(elapsedMs() + (untilMs - nowMs) + CLOCK_MARGIN_MS, ownMs ?? -Infinity)
    if (known?.storeUntilMs !== untilMs) told = undefined
    // While the first list is read, everything is old news.
    const learnedMs = heard === undefined ? revokedAtMs : nowMs
    entries.set(sessionId, { untilMs: endMs, storeUntilMs: untilMs }, learnedMs)
  }

  function secondsLeft({ untilMs, addedAtMs }: RevocationEntry, atMs: number): number {
    // An end that token-store has not told yet is an estimate; back ends get the right one a second
    // later.
    const endMs =
      addedAtMs === undefined ? untilMs : addedAtMs + accessTtlSeconds * 1000 + CLOCK_MARGIN_MS
    return Math.max(0, Math.ceil((endMs - atMs) / 1000))
  }

  function sweep(): void {
    const nowMs = elapsedMs()
    if (nowMs - sweptAtMs < SWEEP_MS) return
    sweptAtMs = nowMs
    endUntold()
    if (entries.removeEnded(nowMs)) told = undefined
  }

  function endUntold(): void {
    for (const [sessionId, addedAtMs] of addedLate) {
      if (heard === undefined || heard.atMs - addedAtMs < UNTIL_TOLD_MS) return
      addedLate.delete(sessionId)
      if (entries.get(sessionId)?.addedAtMs === addedAtMs)
        entries.set(sessionId, { untilMs: addedAtMs, addedAtMs })
    }
  }
}

type Heard = { storeMs: number; atMs: number }
type Reading = { startedAt: Heard; after: string | undefined }
type Received = RevocationsResult & { askedAtMs: number }

const toHeard = ({ nowMs, askedAtMs }: Received): Heard => ({ storeMs: nowMs, atMs: askedAtMs })
