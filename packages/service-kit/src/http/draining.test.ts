import { once } from 'node:events'
import { connect, type AddressInfo } from 'node:net'
import Fastify from 'fastify'
import { expect, test } from 'vitest'
import { draining } from './draining.ts'

async function listen({ answersWhileClosing }: { answersWhileClosing: boolean }) {
  const answer = Promise.withResolvers<object>()
  const app = Fastify({ return503OnClosing: false })
  await app.register(draining)
  app.addHook('preClose', async () => {
    if (answersWhileClosing) answer.resolve({})
  })
  const asked = Promise.withResolvers<void>()
  app.get('/', () => ({}))
  app.get('/slow', () => {
    asked.resolve()
    return answer.promise
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  return { app, asked, port }
}

test('after drain() every response closes its connection, before it none', async () => {
  const { app } = await listen({ answersWhileClosing: false })
  expect((await app.inject('/')).headers.connection).toBe('keep-alive')
  app.drain()
  expect((await app.inject('/')).headers.connection).toBe('close')
  await app.close()
})

test('a response in progress during close closes its connection', async () => {
  const { app, asked, port } = await listen({ answersWhileClosing: true })
  const slow = fetch(`http://127.0.0.1:${port}/slow`)
  await asked.promise
  const closed = app.close()
  expect((await slow).headers.get('connection')).toBe('close')
  await closed
})

test('a hanging client delays a close by at most three seconds', async () => {
  const { app, asked, port } = await listen({ answersWhileClosing: false })
  const socket = connect(port, '127.0.0.1')
  socket.write('GET /slow HTTP/1.1\r\nhost: a\r\n\r\n')
  await asked.promise
  await Promise.all([app.close(), once(socket, 'close')])
})
