import { once } from 'node:events'
import { autoRefresh, requireRole } from '@auto-refresh/server/fetch'
import { serve } from '@hono/node-server'
import * as shared from './shared.mjs'

const auth = autoRefresh({
  ...shared.options,
  // `serve` passes the request of Node with each Request.
  address: (_, { incoming }) => incoming.socket.remoteAddress,
})
const idOf = ({ url }) => new URL(url).searchParams.get('id') ?? undefined
const showUser = (_, { user }) => Response.json({ user })

function toStream(parts) {
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await parts.next()
      if (done) controller.close()
      else controller.enqueue(new TextEncoder().encode(value))
    },
    cancel: () => void parts.return(),
  })
}

const ROUTES = {
  '/release': (request) => Response.json({ done: shared.release(idOf(request)) ?? true }),
  '/notes': (request) => Response.json(shared.notesOf(idOf(request))),
  '/cases': auth((request, { user }) => {
    if (request.method === 'OPTIONS') return new Response(null, { headers: { allow: 'GET' } })
    shared.note(idOf(request), 'handled')
    return Response.json({ user }, { headers: shared.OWN_HEADERS })
  }),
  '/nested/cases': auth(showUser),
  '/public': auth.optional(showUser),
  '/admin': auth(requireRole('admin', showUser)),
  '/echo': auth(async (request) => new Response(await request.text(), { status: 201 })),
  '/status': auth(({ url }) => {
    const status = Number(url.split('/').at(-1))
    return new Response(null, {
      status,
      headers: status >= 300 && status < 400 ? { location: '/cases' } : {},
    })
  }),
  '/stream': auth((request) => new Response(toStream(shared.parts(idOf(request))))),
  '/early': auth(() => new Response()),
  // Headers of a result of fetch are immutable.
  '/head': auth(({ url }) => fetch(new URL('/own-head', url))),
  '/own-head': () => new Response('own head', { headers: { 'x-own': '1' } }),
  '/throw': auth(() => {
    throw new Error('thrown by the handler')
  }),
  '/throw-later': auth(async () => {
    await new Promise((go) => setImmediate(go))
    throw new Error('thrown by the handler, later')
  }),
  '/throw-midstream': auth((request) => new Response(toStream(shared.brokenParts(idOf(request))))),
  '/slow': auth(async (request) => {
    const id = idOf(request)
    const gone = once(request.signal, 'abort').then(() => 'gone')
    shared.note(id, 'started')
    shared.note(id, await Promise.race([gone, shared.released(id)]))
    return Response.json({ slow: true })
  }),
}

const server = serve(
  {
    hostname: '127.0.0.1',
    port: 0,
    fetch(request, env) {
      const { pathname } = new URL(request.url)
      const route = ROUTES[pathname] ?? ROUTES[pathname.replace(/\/[^/]+$/, '')]
      return route?.(request, env) ?? new Response(null, { status: 404 })
    },
  },
  async ({ port }) => {
    await auth.start()
    shared.announce(port, async () => {
      await auth.close()
      server.close()
      server.closeAllConnections()
    })
  },
)
shared.acceptUpgrades(server)
