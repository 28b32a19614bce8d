import { connect } from 'node:net'
import { once } from 'node:events'

const DEADLINE_MS = 30_000
type Answer = Readonly<{ status: number; body: string }>

/**
 * Opens one keep-alive HTTP/1.1 connection that sends one POST after the other. It does only what
 * the benchmark needs, so that the generator takes as little CPU from the servers as possible: the
 * body is text in latin1, and an answer must have a Content-Length.
 */
export async function openConnection(
  url: string,
  { path, contentType }: { path: string; contentType: string },
) {
  const { hostname, port, host } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port), noDelay: true })
  socket.setEncoding('latin1')
  socket.setTimeout(DEADLINE_MS, () =>
    socket.destroy(new Error(`${host} did not answer within ${DEADLINE_MS / 1000} s`)),
  )
  await once(socket, 'connect')
  const head =
    `POST ${path} HTTP/1.1\r\nhost: ${host}\r\n` +
    `content-type: ${contentType}\r\ncontent-length: `
  let received = ''
  let waiting: { resolve(answer: Answer): void; reject(error: Error): void } | undefined

  function fail(error: Error): void {
    waiting?.reject(error)
    waiting = undefined
  }
  socket.on('error', fail)
  socket.on('close', () => fail(new Error(`${host} closed the connection`)))
  socket.on('data', (chunk: string) => {
    received = received === '' ? chunk : received + chunk
    const bodyAt = received.indexOf('\r\n\r\n') + 4
    if (bodyAt < 4) return
    const length = /\r\ncontent-length: *(\d+)/i.exec(received.slice(0, bodyAt))?.[1]
    if (length === undefined) return fail(new Error(`${host} answered without Content-Length`))
    if (received.length < bodyAt + Number(length)) return
    const answer = { status: Number(received.slice(9, 12)), body: received.slice(bodyAt) }
    received = ''
    waiting?.resolve(answer)
    waiting = undefined
  })

  return {
    post(body: string): Promise<Answer> {
      return new Promise((resolve, reject) => {
        if (socket.destroyed) return reject(new Error(`${host} closed the connection`))
        waiting = { resolve, reject }
        socket.write(`${head}${body.length}\r\n\r\n${body}`, 'latin1')
      })
    },
    /** Returns the bytes that were sent and received. */
    close(): number {
      socket.destroy()
      return socket.bytesWritten + socket.bytesRead
    },
  }
}
