import { setTimeout as pause } from 'node:timers/promises'
import type { DetectionEvent } from '../../domain/to-detection-event.ts'
import type { Clock, NotifyOutside } from '../../ports.ts'
import { signWebhook } from './sign-webhook.ts'

const MAX_WAITING = 1000
const AT_ONCE = 4
const ANSWER_MS = 3000
/** The pause before each further attempt, at most; half of it is chance, so that many do not come back at once. */
const PAUSES_MS = [500, 1000, 2000, 5000, 10_000, 30_000]

export type WebhookDeps = Readonly<{
  url: string
  secret: Buffer
  clock: Clock
  random: () => number
  onResult: (result: 'delivered' | 'failed') => void
  /** the first of several in a row */
  onTrouble: (reason: string) => void
  pausesMs?: readonly number[]
  /** how long the receiver is waited for */
  answerMs?: number
  maxWaiting?: number
}>

/**
 * Posts detections, some at once, each until it is answered 2xx or its attempts are used up. Nobody waits for it; what the
 * queue cannot hold has failed. `stop` gives what is under way `drainMs`; the rest has failed.
 */
export function createWebhook({ url, secret, clock, random, onResult, onTrouble, pausesMs = PAUSES_MS, answerMs = ANSWER_MS, maxWaiting = MAX_WAITING }: WebhookDeps): { notify: NotifyOutside; stop(options: { drainMs: number }): Promise<void> } {
  const ending = new AbortController()
  const waiting: DetectionEvent[] = []
  const delivering = new Set<Promise<void>>()
  let inTrouble = false

  function postNext(): void {
    while (delivering.size < AT_ONCE) {
      const next = waiting.shift()
      if (next === undefined) return
      const delivery = deliver(next).then((delivered) => {
        delivering.delete(delivery)
        onResult(delivered ? 'delivered' : 'failed')
        postNext()
      })
      delivering.add(delivery)
    }
  }

  async function deliver({ id, type, time, data }: DetectionEvent): Promise<boolean> {
    const body = JSON.stringify({ type, timestamp: time, data })
    for (const pauseMs of [...pausesMs, undefined]) {
      if (ending.signal.aborted) return false
      const trouble = await post(id, body)
      if (trouble === undefined) {
        inTrouble = false
        return true
      }
      if (!inTrouble) onTrouble(trouble)
      inTrouble = true
      if (pauseMs !== undefined) await pause(pauseMs * (0.5 + random() / 2), undefined, { signal: ending.signal }).catch(() => {})
    }
    return false
  }

  /** What was wrong, without the address: it may hold a secret. */
  async function post(id: string, body: string): Promise<string | undefined> {
    const headers = { 'content-type': 'application/json', ...signWebhook({ id, body, secret, nowMs: clock.nowMs() }) }
    try {
      const signal = AbortSignal.any([ending.signal, AbortSignal.timeout(answerMs)])
      const response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal })
      await response.body?.cancel()
      return response.ok ? undefined : `it answered ${response.status}`
    } catch (error) {
      return error instanceof Error && error.name === 'TimeoutError' ? 'it did not answer in time' : 'it could not be reached'
    }
  }

  return {
    notify(detection) {
      if (ending.signal.aborted || waiting.length >= maxWaiting) return onResult('failed')
      waiting.push(detection)
      postNext()
    },
    async stop({ drainMs }) {
      const late = setTimeout(() => ending.abort(), drainMs)
      while (delivering.size > 0) await Promise.all(delivering)
      clearTimeout(late)
      ending.abort()
    },
  }
}
