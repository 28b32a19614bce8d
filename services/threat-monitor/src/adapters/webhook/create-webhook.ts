import type { Pattern } from '@auto-refresh/contracts'
import type { Clock } from '@auto-refresh/service-kit/timing'
import type { DetectionEvent } from '../../domain/to-detection-event.ts'
import type { NotifyOutside } from '../../ports.ts'
import { createPost } from './create-post.ts'
import { createQueue, type Group } from './create-queue.ts'

/** What says that somebody else has a user's token. */
const URGENT: ReadonlySet<Pattern> = new Set<Pattern>(['reuse', 'shadow', 'sign_in_after_reuse'])

/** Of each pattern. */
const MOST_WAITING = 1000
const ANSWER_MS = 3000
/**
 * The pause before each further attempt, at most; half of it is chance, so that many do not come
 * back at once.
 */
const PAUSES_MS = [500, 1000, 2000, 5000, 10_000, 30_000]

type WebhookDeps = Readonly<{
  url: string
  secret: Buffer
  clock: Clock
  random: () => number
  /** for each detection */
  onResult: (result: 'delivered' | 'failed') => void
  /** the first of several in a row */
  onTrouble: (reason: string) => void
  pausesMs?: readonly number[]
  /** how long the receiver is waited for */
  answerMs?: number
  mostWaiting?: number
}>

/**
 * Posts detections, each until it is answered 2xx or its attempts are used up. Urgent patterns have
 * connections of their own, so nothing else delays them; many of one pattern go out as one post.
 * `notify` never waits; what its queue cannot hold has failed. `stop` gives what is left `drainMs`;
 * the rest has failed.
 */
export function createWebhook(deps: WebhookDeps): {
  notify: NotifyOutside
  stop(options: { drainMs: number }): Promise<void>
} {
  const {
    random,
    onResult,
    onTrouble,
    pausesMs = PAUSES_MS,
    answerMs = ANSWER_MS,
    mostWaiting = MOST_WAITING,
  } = deps
  const ending = new AbortController()
  const post = createPost({ ...deps, answerMs, signal: ending.signal })
  const urgent = { queue: createQueue({ groupFrom: 20, mostWaiting }), atOnce: 4, posting: 0 }
  const routine = { queue: createQueue({ groupFrom: 2, mostWaiting }), atOnce: 2, posting: 0 }
  type Lane = typeof urgent
  let open = 0
  let onSettled = () => {}
  let inTrouble = false

  function postNext(lane: Lane): void {
    while (lane.posting < lane.atOnce) {
      const group = lane.queue.take()
      if (group === undefined) return
      lane.posting += 1
      void attempt(lane, group).finally(() => {
        lane.posting -= 1
        postNext(lane)
      })
    }
  }

  async function attempt(lane: Lane, group: Group): Promise<void> {
    const trouble = ending.signal.aborted ? 'it is stopping' : await post(group)
    if (trouble === undefined) {
      inTrouble = false
      return settle(group, 'delivered')
    }
    if (!inTrouble && !ending.signal.aborted) onTrouble(trouble)
    inTrouble = true
    const pauseMs = pausesMs[group.attempts]
    if (pauseMs === undefined || ending.signal.aborted) return settle(group, 'failed')
    // the connection is free meanwhile: one that waits for its next attempt must not hold up a new
    // one
    const again = () => {
      clearTimeout(timer)
      ending.signal.removeEventListener('abort', again)
      lane.queue.addAgain({ ...group, attempts: group.attempts + 1 })
      postNext(lane)
    }
    const timer = setTimeout(again, pauseMs * (0.5 + random() / 2))
    ending.signal.addEventListener('abort', again)
  }

  function settle({ detections }: Group, result: 'delivered' | 'failed'): void {
    for (const _ of detections) onResult(result)
    open -= detections.length
    if (open === 0) onSettled()
  }

  return {
    notify(detection: DetectionEvent) {
      const lane = URGENT.has(detection.data.pattern) ? urgent : routine
      if (ending.signal.aborted || !lane.queue.add(detection)) return onResult('failed')
      open += 1
      postNext(lane)
    },
    async stop({ drainMs }) {
      const settled = new Promise<void>((resolve) => (onSettled = resolve))
      if (open > 0) {
        const late = setTimeout(() => ending.abort(), drainMs)
        await settled
        clearTimeout(late)
      }
      ending.abort()
    },
  }
}
