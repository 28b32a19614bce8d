/**
 * What the back ends of the contract suite share. They are plain JavaScript, because they also run
 * outside the repository, on Node 20, with the packed package.
 */

const { impatient, upgrade, options } = JSON.parse(process.env.BACK_END)
/** Options of the adapter. */
export { options }

if (impatient !== true) {
  const { timeout } = AbortSignal
  AbortSignal.timeout = (ms) => timeout.call(AbortSignal, ms * 10)
}

const permits = new Map()
const notes = new Map()
const permitsOf = (id) => {
  if (!permits.has(id)) permits.set(id, { free: 0, waiting: [] })
  return permits.get(id)
}

/** `POST /release?id=` lets one `released(id)` go on. */
export function release(id) {
  const { waiting } = permitsOf(id)
  if (waiting.length > 0) waiting.shift()()
  else permitsOf(id).free += 1
}

/** Waits for `POST /release?id=`. */
export function released(id) {
  const one = permitsOf(id)
  if (one.free === 0) return new Promise((go) => one.waiting.push(go))
  one.free -= 1
  return Promise.resolve()
}

/** Keeps what happened in a handler, for `GET /notes?id=`. */
export function note(id, what) {
  notes.set(id, [...notesOf(id), what])
}
export const notesOf = (id) => notes.get(id) ?? []

/** The body of /stream: each part but the first waits for `POST /release?id=`. */
export async function* parts(id) {
  yield 'one\n'
  await released(id)
  yield 'two\n'
  await released(id)
  yield 'three\n'
}

/** The body of /throw-midstream. */
export async function* brokenParts(id) {
  yield 'one\n'
  await released(id)
  throw new Error('thrown in the middle of the response')
}

/** An application's own headers, which the adapter must keep or extend. */
export const OWN_HEADERS = {
  'x-total': '1',
  'access-control-expose-headers': 'x-total',
  'cache-control': 'public, max-age=60',
  'set-cookie': 'theme=dark',
}

/** Answers an upgrade request on the server; the connection echoes one message. */
export function acceptUpgrades(server) {
  if (upgrade !== true) return
  server.on('upgrade', (_request, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n')
    socket.once('data', (message) => socket.end(message))
  })
}

/** Prints the URL, and closes when the test closes the standard input. */
export function announce(port, close) {
  process.stdin.once('end', () => void close()).resume()
  console.log(`http://127.0.0.1:${port}`)
}
