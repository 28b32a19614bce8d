import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

type Use = { unanswered: number; unread: { sinceMs: number; readBytes: number } | undefined }

/**
 * Limits the memory of one connection. It is destroyed if it has more than `maxUnanswered` requests
 * without a complete response, or more than `maxUnreadBytes` in its buffer and reads less than that
 * within `longestUnreadMs`. Without it, 48 KiB of pipelined requests would cost 100 MiB: Node parses
 * all requests of a packet at once and buffers each response. Call it before any hook is added.
 */
export function boundConnections(
  app: Pick<FastifyInstance, 'addHook'>,
  { maxUnanswered = 16, maxUnreadBytes = 1_048_576, longestUnreadMs = 10_000 } = {},
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
    if (use.unanswered > maxUnanswered) socket.destroy()
    // later requests of the same packet still arrive here
    if (!socket.destroyed) return
    reply.hijack()
    return reply
  })

  function destroyUnread(): void {
    const nowMs = performance.now()
    for (const [socket, use] of uses) {
      const readBytes = socket.bytesWritten - socket.writableLength
      if (socket.writableLength <= maxUnreadBytes) use.unread = undefined
      else if (use.unread === undefined || readBytes - use.unread.readBytes >= maxUnreadBytes)
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
