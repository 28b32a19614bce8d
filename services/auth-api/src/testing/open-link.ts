import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** Longer than any test waits for a response. */
const SLOW_MS = 8000

/**
 * Opens a network link to a server on this machine. It can be mute (accepts data, delivers nothing)
 * or slow.
 */
export async function openLink({ port }: { port: number }) {
  const sockets: Socket[] = []
  let state: 'good' | 'mute' | 'slow' = 'good'
  let accepted = 0
  const server = createServer((near) => {
    accepted += 1
    const far = connect({ host: '127.0.0.1', port })
    sockets.push(
      near.on('error', () => far.destroy()),
      far.on('error', () => near.destroy()),
    )
    near.on('data', (data) => state !== 'mute' && far.write(data)).on('close', () => far.destroy())
    far
      .on('data', (data) =>
        state === 'slow' ? setTimeout(() => near.write(data), SLOW_MS) : near.write(data),
      )
      .on('close', () => near.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port: own } = server.address() as AddressInfo
  return {
    url: `redis://127.0.0.1:${own}`,
    become: (next: typeof state) => void (state = next),
    accepted: () => accepted,
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
