import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

type Notified = { path: string; alert: string; status: string; atMs: number }

/** Receives the notifications of Alertmanager, like the pager of a team. */
export async function startAlertReceiver() {
  const notified: Notified[] = []
  const server = createServer((request, response) => {
    void request.toArray().then((chunks: Buffer[]) => {
      const { alerts }: { alerts: { status: string; labels: { alertname: string } }[] } =
        JSON.parse(Buffer.concat(chunks).toString())
      for (const { status, labels } of alerts)
        notified.push({
          path: request.url ?? '',
          alert: labels.alertname,
          status,
          atMs: Date.now(),
        })
      response.writeHead(204).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    notified,
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
