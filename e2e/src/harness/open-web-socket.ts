import { once } from 'node:events'
import { connect } from 'node:net'

/**
 * Asks for a WebSocket, or for what `upgrade` says, and sends `ping` through it if it opens. Returns
 * the status and what came back.
 */
export async function openWebSocket(
  port: number,
  headers: string[],
  { path = '/socket', upgrade = ['Upgrade: websocket', 'Connection: Upgrade'] } = {},
) {
  const socket = connect(port, '127.0.0.1').setEncoding('latin1')
  const lines = [...headers, ...upgrade].map((line) => `${line}\r\n`).join('')
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${lines}` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  )
  let received = ''
  const read = async (end: string) => {
    while (!received.includes(end)) received += String((await once(socket, 'data'))[0])
  }
  await read('\r\n\r\n')
  const status = Number(received.split(' ', 2)[1])
  if (status === 101) {
    received = received.slice(received.indexOf('\r\n\r\n') + 4)
    socket.write('ping')
    await read('ping')
  }
  socket.destroy()
  return { status, received }
}
