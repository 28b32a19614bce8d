import type { Clock } from '@auto-refresh/service-kit/timing'
import type { Group } from './create-queue.ts'
import { describeDetection } from './describe-detection.ts'
import { signWebhook } from './sign-webhook.ts'

type PostOptions = Readonly<{
  url: string
  secret: Buffer
  consoleUrl?: string | undefined
  clock: Clock
  /** deadline of a post, in milliseconds */
  answerMs: number
  signal: AbortSignal
}>

/**
 * Returns a function that posts a group with the id of its first detection. It resolves to the
 * reason of a failure or `undefined`. The reason never contains the URL, which may hold a secret.
 */
export function createPost({
  url,
  secret,
  consoleUrl,
  clock,
  answerMs,
  signal: ending,
}: PostOptions): (group: Group) => Promise<string | undefined> {
  return async ({ detections: [{ id, type, time, data }, ...others] }) => {
    const more = others.map((other) => ({
      id: other.id,
      timestamp: other.time,
      data: other.data,
      ...describeDetection(other.data, consoleUrl),
    }))
    const body = JSON.stringify({
      type,
      timestamp: time,
      data,
      ...describeDetection(data, consoleUrl),
      ...(more.length === 0 ? {} : { more }),
    })
    const headers = {
      'content-type': 'application/json',
      ...signWebhook({ id, body, secret, nowMs: clock.nowMs() }),
    }
    try {
      const signal = AbortSignal.any([ending, AbortSignal.timeout(answerMs)])
      const response = await fetch(url, {
        method: 'POST',
        headers,
        body,
        redirect: 'manual',
        signal,
      })
      await response.body?.cancel()
      return response.ok ? undefined : `receiver responded ${response.status}`
    } catch (error) {
      return error instanceof Error && error.name === 'TimeoutError'
        ? 'receiver timed out'
        : 'receiver unavailable'
    }
  }
}
