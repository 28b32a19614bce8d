import { Readable } from 'node:stream'
import { autoRefresh, requireRole } from '@auto-refresh/server/fastify'
import Fastify from 'fastify'
import * as shared from './shared.mjs'

const app = Fastify({ forceCloseConnections: true })

app.post('/release', async ({ query }) => ({ done: shared.release(query.id) ?? true }))
app.get('/notes', async ({ query }) => shared.notesOf(query.id))

app.register(async (guarded) => {
  await guarded.register(autoRefresh, shared.options)
  guarded.get('/cases', async ({ user, query }, reply) => {
    shared.note(query.id, 'handled')
    reply.headers(shared.OWN_HEADERS)
    return { user }
  })
  guarded.options('/cases', async (_, reply) => reply.header('allow', 'GET').send())
  guarded.get('/nested/cases', async ({ user }) => ({ user }))
  guarded.get('/public', { config: { user: 'optional' } }, async ({ user }) => ({ user }))
  guarded.get('/admin', { preHandler: requireRole('admin') }, async ({ user }) => ({ user }))
  guarded.post('/echo', async ({ body }, reply) => reply.code(201).send(body))
  guarded.get('/status/:code', async ({ params }, reply) => {
    if (params.code.startsWith('3')) reply.header('location', '/cases')
    return reply.code(Number(params.code)).send()
  })
  guarded.get('/stream', async ({ query }, reply) =>
    reply.type('text/plain').send(Readable.from(shared.parts(query.id), { objectMode: false })),
  )
  guarded.get('/early', async (_, reply) => reply.send())
  guarded.get('/head', async (_, reply) => {
    reply.hijack()
    reply.raw.writeHead(200, { 'x-own': '1' }).end('own head')
  })
  guarded.get('/throw', () => {
    throw new Error('thrown by the handler')
  })
  guarded.get('/throw-later', async () => {
    await new Promise((go) => setImmediate(go))
    throw new Error('thrown by the handler, later')
  })
  guarded.get('/throw-midstream', async ({ query }, reply) =>
    reply
      .type('text/plain')
      .send(Readable.from(shared.brokenParts(query.id), { objectMode: false })),
  )
  guarded.get('/slow', async ({ raw, query }) => {
    const gone = new Promise((go) => raw.socket.once('close', () => go('gone')))
    shared.note(query.id, 'started')
    shared.note(query.id, await Promise.race([gone, shared.released(query.id)]))
    return { slow: true }
  })
  guarded.get('/twice', (_, reply) => {
    reply.send({ answer: 1 })
    reply.send({ answer: 2 })
  })
  guarded.get('/hijack', async ({ raw }, reply) => {
    reply.hijack()
    raw.socket.end('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nown')
  })
})

await app.listen({ port: 0, host: '127.0.0.1' })
shared.acceptUpgrades(app.server)
shared.announce(app.server.address().port, () => app.close())
