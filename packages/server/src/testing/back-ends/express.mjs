import { createServer } from 'node:http'
import { Readable } from 'node:stream'
import { autoRefresh, requireRole } from '@auto-refresh/server/express'
import * as shared from './shared.mjs'

/** `express`, or another version of it */
const { default: express } = await import(process.env.EXPRESS ?? 'express')

const app = express()
const auth = autoRefresh(shared.options)

app.post('/release', (req, res) => res.json({ done: shared.release(req.query.id) ?? true }))
app.get('/notes', (req, res) => res.json(shared.notesOf(req.query.id)))
app.get('/public', auth.optional, ({ user }, res) => res.json({ user }))

app.use(auth)
app.get('/cases', ({ user, query }, res) => {
  shared.note(query.id, 'handled')
  res.set(shared.OWN_HEADERS).json({ user })
})
app.options('/cases', (_, res) => res.set('allow', 'GET').end())
app.use(
  '/nested',
  express.Router().get('/cases', ({ user }, res) => res.json({ user })),
)
app.get('/admin', requireRole('admin'), ({ user }, res) => res.json({ user }))
app.post('/echo', express.json(), ({ body }, res) => res.status(201).json(body))
app.get('/status/:code', ({ params }, res) => {
  if (params.code.startsWith('3')) res.set('location', '/cases')
  res.status(Number(params.code)).end()
})
app.get('/stream', ({ query }, res) => {
  Readable.from(shared.parts(query.id), { objectMode: false }).pipe(res.type('text/plain'))
})
app.get('/early', (_, res) => res.end())
app.get('/head', (_, res) => res.writeHead(200, { 'x-own': '1' }).end('own head'))
app.get('/throw', () => {
  throw new Error('thrown by the handler')
})
app.get('/throw-later', (_req, _res, next) => {
  setImmediate(() => next(new Error('thrown by the handler, later')))
})
app.get('/throw-midstream', ({ query }, res, next) => {
  Readable.from(shared.brokenParts(query.id), { objectMode: false })
    .on('error', next)
    .pipe(res.type('text/plain'))
})
app.get('/slow', async ({ socket, query }, res) => {
  const gone = new Promise((go) => socket.once('close', () => go('gone')))
  shared.note(query.id, 'started')
  shared.note(query.id, await Promise.race([gone, shared.released(query.id)]))
  res.json({ slow: true })
})
app.get('/twice', (_, res) => {
  res.json({ answer: 1 })
  res.json({ answer: 2 })
})
app.get('/hijack', ({ socket }) => {
  socket.end('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nown')
})

const server = createServer(app)
shared.acceptUpgrades(server)
server.listen(0, '127.0.0.1', () =>
  shared.announce(server.address().port, () => {
    server.close()
    server.closeAllConnections()
    void auth.close()
  }),
)
