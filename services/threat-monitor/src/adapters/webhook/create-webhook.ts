import { toSeverity } from '@auto-refresh/contracts'
import type { Clock } from '@auto-refresh/service-kit/timing'
import type { DetectionEvent } from '../../domain/to-detection-event.ts'
import type { NotifyOutside } from '../../ports.ts'
import { createPost } from './create-post.ts'
import { createQueue, type Group } from './create-queue.ts'

/** Per pattern. */
const MAX_WAITING = 1000
const ANSWER_MS = 3000
/** The longest pause before each retry; half of it is random, so that retries do not coincide. */
const PAUSES_MS = [500, 1000, 2000, 5000, 10_000, 30_000]

type WebhookDeps = Readonly<{
  url: string
  secret: Buffer
  /** the URL of the pages that show sessions and users */
  consoleUrl?: string | undefined
  clock: Clock
  random: () => number
  /** called for each detection */
  onResult: (result: 'delivered' | 'failed') => void
  /** called with the first of several failures in a row */
  onFailure: (reason: string) => void
  pausesMs?: readonly number[]
  /** deadline of a post, in milliseconds */
  answerMs?: number
  maxWaiting?: number
}>

/**
 * Posts detections to the webhook, with retries until a 2xx response or the last attempt. Urgent
 * patterns have their own connections, so others do not delay them. Many detections of one pattern
 * share a post. `notify` never waits; a detection that does not fit in the queue has failed. `stop`
 * waits up to `drainMs` for the rest, which then has failed.
 */
export function createWebhook(deps: WebhookDeps): {
  notify: NotifyOutside
  stop(options: { drainMs: number }): Promise<void>
} {
  const {
    random,
    onResult,
    onFailure,
    pausesMs = PAUSES_MS,
    answerMs = ANSWER_MS,
    maxWaiting = MAX_WAITING,
  } = deps
  const ending = new AbortController()
  const post = createPost({ ...deps, answerMs, signal: ending.signal })
  const urgent = { queue: createQueue({ groupFrom: 20, maxWaiting }), atOnce: 4, posting: 0 }
  const routine = { queue: createQueue({ groupFrom: 2, maxWaiting }), atOnce: 2, posting: 0 }
  type Lane = typeof urgent
  let open = 0
  let onSettled = () => {}
  let isFailing = false

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
    const failure = ending.signal.aborted ? 'stopping' : await post(group)
    if (failure === undefined) {
      isFailing = false
      return settle(group, 'delivered')
    }
    if (!isFailing && !ending.signal.aborted) onFailure(failure)
    isFailing = true
    const pauseMs = pausesMs[group.attempts]
    if (pauseMs === undefined || ending.signal.aborted) return settle(group, 'failed')
    // A retry that waits does not occupy a connection, so it does not delay new detections.
    const retry = () => {
      clearTimeout(timer)
      ending.signal.removeEventListener('abort', retry)
      lane.queue.addRetry({ ...group, attempts: group.attempts + 1 })
      postNext(lane)
    }
    const timer = setTimeout(retry, pauseMs * (0.5 + random() / 2))
    ending.signal.addEventListener('abort', retry)
  }

  function settle({ detections }: Group, result: 'delivered' | 'failed'): void {
    for (const _ of detections) onResult(result)
    open -= detections.length
    if (open === 0) onSettled()
  }

  return {
    notify(detection: DetectionEvent) {
      const lane = toSeverity(detection.data.pattern) === 'high' ? urgent : routine
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
