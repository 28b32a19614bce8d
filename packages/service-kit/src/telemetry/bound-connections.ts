import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

type Use = { unanswered: number; unread: { sinceMs: number; readBytes: number } | undefined }

/**
 * Bounds what one connection can hold: one that has more than `mostUnanswered` requests without a
 * whole answer, or more than `mostUnreadBytes` of which it does not read as much within
 * `longestUnreadMs`, is destroyed. Node parses every pipelined request of a packet at once and
 * keeps each answer until it is read, so 48 KiB of requests would cost 100 MiB. Call it before any
 * other hook is added.
 */
export function boundConnections(
  app: Pick<FastifyInstance, 'addHook'>,
  { mostUnanswered = 16, mostUnreadBytes = 1_048_576, longestUnreadMs = 10_000 } = {},
): void {
  const uses = new Map<Socket, Use>()

  app.addHook('onRequest', async ({ raw: { socket } }, reply) => {
    const use = uses.get(socket) ?? { unanswered: 0, unread: undefined }
    use.unanswered += 1
    uses.set(socket, use)
    reply.raw.once('close', () => {
      use.unanswered -= 1
      if (use.unanswered === 0) uses.delete(socket)
    })
    if (use.unanswered > mostUnanswered) socket.destroy()
    // what stood in the same packet still arrives
    if (!socket.destroyed) return
    reply.hijack()
    return reply
  })

  function destroyUnread(): void {
    const nowMs = performance.now()
    for (const [socket, use] of uses) {
      const readBytes = socket.bytesWritten - socket.writableLength
      if (socket.writableLength <= mostUnreadBytes) use.unread = undefined
      else if (use.unread === undefined || readBytes - use.unread.readBytes >= mostUnreadBytes)
        use.unread = { sinceMs: nowMs, readBytes }
      else if (nowMs - use.unread.sinceMs >= longestUnreadMs) socket.destroy()
    }
  }
  let timer: NodeJS.Timeout | undefined
  app.addHook('onReady', async () => {
    timer = setInterval(destroyUnread, Math.min(1000, longestUnreadMs)).unref()
  })
  app.addHook('onClose', async () => clearInterval(timer))
}
