import { connect, type AddressInfo, type Socket } from 'node:net'
import { fastify } from 'fastify'
import { expect, onTestFinished, test } from 'vitest'
import { boundConnections } from './bound-connections.ts'

async function start(bounds: Parameters<typeof boundConnections>[1] = {}) {
  const app = fastify({ forceCloseConnections: true })
  boundConnections(app, bounds)
  let handled = 0
  const held = Promise.withResolvers<void>()
  app.get('/', async () => {
    handled += 1
    return 'ok'
  })
  app.get('/held', async () => {
    handled += 1
    await held.promise
    return 'ok'
  })
  app.get('/large', async () => Buffer.alloc(32_000_000))
  await app.listen({ host: '127.0.0.1', port: 0 })
  onTestFinished(async () => {
    held.resolve()
    await app.close()
  })
  const { port } = app.server.address() as AddressInfo
  const connections = () =>
    new Promise<number>((resolve) => app.server.getConnections((_, count) => resolve(count)))
  return {
    connections,
    url: `http://127.0.0.1:${port}`,
    port,
    handled: () => handled,
    release: () => held.resolve(),
  }
}

/** Sends requests in one packet. */
function pipeline(port: number, path: string, count: number) {
  let text = ''
  let isClosed = false
  const socket: Socket = connect(port, '127.0.0.1')
  socket
    .on('error', () => {})
    .on('data', (data) => (text += data.toString('latin1')))
    .on('close', () => (isClosed = true))
  socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(count))
  onTestFinished(() => void socket.destroy())
  return { socket, answers: () => text.split('HTTP/1.1 200').length - 1, isClosed: () => isClosed }
}

test('a connection with more than 16 pending requests is destroyed, and the rest of its packet is ignored', async () => {
  const { port, handled } = await start()
  const many = pipeline(port, '/held', 1000)
  await expect.poll(many.isClosed).toBe(true)
  expect(handled()).toBeLessThanOrEqual(16)
})

test('16 pipelined requests get responses, and so do 16 more', async () => {
  const { port, release } = await start()
  const few = pipeline(port, '/held', 16)
  release()
  await expect.poll(few.answers).toBe(16)
  few.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(16))
  await expect.poll(few.answers).toBe(32)
  expect(few.isClosed()).toBe(false)
})

test('a connection that does not read its response is destroyed after a while; one that reads is not', async () => {
  const { url, port, connections } = await start({ longestUnreadMs: 1500 })
  const dead = pipeline(port, '/large', 1)
  dead.socket.pause()
  const reader = await fetch(`${url}/large`)
  expect((await reader.arrayBuffer()).byteLength).toBe(32_000_000)
  // the connection that reads stays open
  await expect.poll(connections).toBe(1)
})
