import type { RevocationsRequest, RevocationsResult, TokenStore } from '@auto-refresh/contracts'
import { repeat } from '@auto-refresh/service-kit/timing'
import type { Log } from '../../ports/telemetry.ts'
import { readPages } from './read-pages.ts'

const POLL_MS = 500
/** Every increment goes back this far, so that it includes revocations that committed late. */
export const OVERLAP_MS = 10_000
/**
 * Pages of the overlap that a poll reads again in a burst. More pages would find late commits
 * sooner, but let the list grow older.
 */
const PAGES_BEHIND = 5
/**
 * How often everything is read again, for entries that increments missed because a clock jumped.
 */
const WHOLE_MS = 60_000

type RevocationReaderDeps = Readonly<{
  tokenStore: Pick<TokenStore, 'revocations'>
  /** monotonic */
  elapsedMs: () => number
  log: Log
  /** Receives each page. */
  onPage: (page: RevocationsResult) => void
  /** Runs after each poll and after each completed list. */
  onRead: () => void
}>

/**
 * Polls the revocations of token-store. Each poll reads the increment and then, when it is time,
 * one page of the whole list: a list that cannot be read whole never stops new revocations.
 *
 * Pages are in the order in which sessions ended. In a burst, each poll first continues at the
 * front, then reads some pages of the overlap, where late commits appear.
 */
export function createRevocationReader(deps: RevocationReaderDeps) {
  const { tokenStore, elapsedMs, log, onPage, onRead } = deps
  /** All sessions whose end had committed by then are known. The next increment starts there. */
  let readUpTo: Mark | undefined
  /** on our clock: all sessions that ended earlier are known, except for late commits */
  let knownAtMs = -Infinity
  /** token-store's clock in its last response, and whether it has been set back */
  let storeMs = -Infinity
  let clockWentBack = false
  /** an unfinished read of the whole list, which continues where it stopped */
  let whole: Reading | undefined
  /** an unfinished increment: a burst of many pages is not read again from its start */
  let increment: Reading | undefined
  /** the position up to which a burst has been read; `undefined` while one page is enough */
  let front: string | undefined
  let wholeAtMs = -Infinity
  let wholeFails = false
  const firstRead = Promise.withResolvers<void>()
  const polling = repeat({
    everyMs: POLL_MS,
    run: poll,
    onError: (error) =>
      log.warn({ err: error }, 'Revocation poll failed: the known revocations stay in force'),
  })

  return {
    /** The time of token-store's clock up to which committed revocations are known. */
    asOfMs: () => readUpTo?.storeMs,
    /** The same on our monotonic clock. */
    lastReadAtMs: () => readUpTo?.atMs,
    feedAgeMs: () => (readUpTo === undefined ? Infinity : elapsedMs() - knownAtMs),
    /** Resolves when the whole list has been read, or at `stop`, or when the signal aborts. */
    async start(signal?: AbortSignal): Promise<void> {
      signal?.addEventListener('abort', () => firstRead.resolve(), { once: true })
      if (signal?.aborted === true) return
      await poll().catch((error: unknown) =>
        log.warn({ err: error }, 'Revocation list read failed: retrying'),
      )
      polling.start()
      await firstRead.promise
    },
    async stop(): Promise<void> {
      await polling.stop()
      firstRead.resolve()
    },
  }

  async function poll(): Promise<void> {
    if (readUpTo === undefined) return readWhole(Infinity)
    if (clockWentBack) {
      // New revocations are stamped earlier than those that have been read.
      clockWentBack = false
      front = undefined
      increment = undefined
      readUpTo = { ...readUpTo, storeMs: Math.min(readUpTo.storeMs, storeMs) }
    }
    const sinceMs = readUpTo.storeMs - OVERLAP_MS
    if (front !== undefined) await readFront(sinceMs)
    await readIncrement(sinceMs)
    await readAgain()
    onRead()
  }

  /** Reads up to the newest, starting one page back, where rows that committed late appear. */
  async function readFront(sinceMs: number): Promise<void> {
    await readPages(ask, { sinceMs, after: front }, (answer, after) => {
      receive(answer)
      moveFront(answer, after)
    })
  }

  /** A position with a stamp in the future is not used: new rows are stamped earlier. */
  function moveFront(
    { next, nowMs, readToMs = Infinity }: Received,
    after: string | undefined,
  ): void {
    if (next !== undefined) front = readToMs <= nowMs ? after : undefined
  }

  async function readIncrement(sinceMs: number): Promise<void> {
    const most = front === undefined ? Infinity : PAGES_BEHIND
    await readPages(ask, { sinceMs, after: increment?.after, most }, (answer, after) => {
      receive(answer)
      increment = { startedAt: increment?.startedAt ?? toMark(answer), after: answer.next }
      if (most === Infinity) moveFront(answer, after)
      if (answer.next !== undefined) return
      if (after === undefined) front = undefined
      readUpTo = increment.startedAt
      increment = undefined
    })
  }

  /** Reads one page in each poll, so that reading everything again takes little CPU time. */
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
      whole = { startedAt: whole?.startedAt ?? toMark(answer), after: answer.next }
      if (answer.next !== undefined) return
      // The increments read what was revoked after `startedAt`.
      readUpTo ??= whole.startedAt
      wholeAtMs = whole.startedAt.atMs
      whole = undefined
      onRead()
      firstRead.resolve()
    })
  }

  async function ask(request: RevocationsRequest): Promise<Received> {
    const askedAtMs = elapsedMs()
    return { ...(await tokenStore.revocations(request)), askedAtMs }
  }

  function receive(answer: Received): void {
    onPage(answer)
    const { nowMs, readToMs = -Infinity, next, askedAtMs } = answer
    const behindMs = next === undefined ? 0 : Math.max(0, nowMs - readToMs)
    knownAtMs = Math.max(knownAtMs, askedAtMs - behindMs)
    if (nowMs < storeMs) clockWentBack = true
    storeMs = nowMs
  }
}

/** A response: the time in it, by token-store's clock, and its request, by our monotonic clock. */
type Mark = { storeMs: number; atMs: number }
type Reading = { startedAt: Mark; after: string | undefined }
type Received = RevocationsResult & { askedAtMs: number }

const toMark = ({ nowMs, askedAtMs }: Received): Mark => ({ storeMs: nowMs, atMs: askedAtMs })
