import { Readable } from 'node:stream'
import type { AnyEvent } from '@auto-refresh/contracts'

/** Well below the server's timeout of a silent connection. */
const BEAT_MS = 5000
/** A browser opens six connections to a server; some must stay free for the API. */
const STREAMS_OF_A_USER = 4
const STREAMS = 32
const WAITING_BYTES = 65_536

type Stream = Readonly<{ userId: string; body: Readable; end: () => void }>

/**
 * Server-sent events for the user they concern. A client that reads too slowly is disconnected, and
 * the oldest stream of a user is closed for a fifth one, with an event that says so.
 */
export function createEventStreams({ beatMs = BEAT_MS }: { beatMs?: number } = {}) {
  const streams = new Set<Stream>()

  return {
    /**
     * Opens a stream; `undefined` if there are too many. It outlives its access token by one to two
     * heartbeats, so that it can report the end of its own session.
     */
    open({
      userId,
      isStillAllowed,
    }: {
      userId: string
      isStillAllowed: () => Promise<boolean>
    }): Readable | undefined {
      const own = [...streams].filter((stream) => stream.userId === userId)
      if (own.length >= STREAMS_OF_A_USER && own[0] !== undefined) {
        write(own[0], 'event: replaced\ndata: {}\n\n')
        own[0].end()
      }
      if (streams.size >= STREAMS) return undefined

      let wasAllowed = true
      const beat = setInterval(() => {
        write(stream, ': beat\n\n')
        isStillAllowed().then(
          (isAllowed) => {
            if (!isAllowed && !wasAllowed) stream.end()
            wasAllowed = isAllowed
          },
          // unknown at the moment: the next heartbeat checks again
          () => {},
        )
      }, beatMs)
      const forget = () => {
        clearInterval(beat)
        streams.delete(stream)
      }
      const body = new Readable({ read() {} }).once('close', forget)
      const stream: Stream = {
        userId,
        body,
        end() {
          forget()
          body.push(null)
        },
      }
      streams.add(stream)
      write(stream, ': open\n\n')
      return body
    },

    /**
     * Sends each event to its user's streams. Never waits: the publisher must not depend on a
     * reader.
     */
    publish(events: readonly AnyEvent[]): void {
      for (const { id, type, time, data } of events) {
        if (!('user_id' in data) || data.user_id === undefined) continue
        const text = `id: ${id}\nevent: ${type}\ndata: ${JSON.stringify({ time, ...data })}\n\n`
        for (const stream of streams) if (stream.userId === data.user_id) write(stream, text)
      }
    },

    endAll(): void {
      for (const stream of streams) stream.end()
    },
  }
}

function write({ body }: Stream, text: string) {
  if (body.readableLength + text.length > WAITING_BYTES) body.destroy()
  else if (!body.destroyed) body.push(text)
}
