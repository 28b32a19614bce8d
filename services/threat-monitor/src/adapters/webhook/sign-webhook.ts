import { createHmac } from 'node:crypto'

/**
 * Returns the headers of one attempt by Standard Webhooks 1.0. The receiver verifies origin and age
 * with them, and drops duplicates by the id.
 */
export function signWebhook({
  id,
  body,
  secret,
  nowMs,
}: {
  id: string
  body: string
  secret: Buffer
  nowMs: number
}): Record<string, string> {
  const timestamp = String(Math.floor(nowMs / 1000))
  const signature = createHmac('sha256', secret)
    .update(`${id}.${timestamp}.${body}`)
    .digest('base64')
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${signature}`,
  }
}
