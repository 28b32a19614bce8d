import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'

export type Detection = {
  id: string
  type: string
  data: Record<string, unknown>
  link?: string
}
export type WebhookReceiver = Awaited<ReturnType<typeof startWebhookReceiver>>

/**
 * A receiver as a security team would write it, with a Standard Webhooks library: it answers 401 to
 * what it cannot verify.
 */
export async function startWebhookReceiver() {
  const secret = `whsec_${randomBytes(32).toString('base64')}`
  const webhook = new Webhook(secret)
  const received: Detection[] = []
  let refused = 0
  let unanswered = 0
  let isMute = false

  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (isMute) {
      unanswered += 1
      return
    }
    const body = Buffer.concat(await request.toArray()).toString()
    try {
      const { type, data, link } = webhook.verify(
        body,
        request.headers as Record<string, string>,
      ) as Omit<Detection, 'id'>
      const id = String(request.headers['webhook-id'])
      // A delivery that was answered slowly is repeated.
      if (!received.some((each) => each.id === id))
        received.push({ id, type, data, ...(link === undefined ? {} : { link }) })
      response.writeHead(204).end()
    } catch {
      refused += 1
      response.writeHead(401).end()
    }
  }

  const server = createServer((request, response) => void take(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/detections`
  return {
    settings: { SECURITY_WEBHOOK_URL: url, SECURITY_WEBHOOK_SECRET: secret },
    received,
    refused: () => refused,
    unanswered: () => unanswered,
    becomeMute() {
      isMute = true
    },
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
