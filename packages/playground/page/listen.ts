import type { TokenManager } from '@auto-refresh/client'
import { element } from './element.ts'
import { readServerEvents, type ServerEvent } from './read-server-events.ts'

const LOOK_MS = 250
const AGAIN_MS = 1000

/**
 * Listens to the server's events while somebody is signed in. The server ends a stream a little
 * after its access token, and takes the oldest for a fifth tab; that one waits until it is looked
 * at again.
 */
export async function listen(
  tokens: TokenManager,
  tell: (event: ServerEvent) => void,
): Promise<void> {
  for (;;) {
    while (tokens.session === null) await pause(LOOK_MS)
    const end = await listenOnce(tokens, tell).catch(() => 'broken' as const)
    if (end !== 'over')
      show(end === 'replaced' ? 'paused: newer tabs are listening' : 'not listening')
    if (end === 'replaced') await nextFocus()
    if (end === 'broken') await pause(AGAIN_MS)
  }
}

async function listenOnce(
  tokens: TokenManager,
  tell: (event: ServerEvent) => void,
): Promise<'over' | 'replaced' | 'broken'> {
  const leaving = new AbortController()
  const { sessionId } = tokens.session ?? {}
  // It would go on for a while with the events of whoever was signed in before.
  const watch = setInterval(() => {
    if (tokens.session !== null && tokens.session.sessionId !== sessionId) leaving.abort()
  }, LOOK_MS)
  try {
    const { ok, body } = await tokens.request('/playground/events', { signal: leaving.signal })
    if (!ok || body === null) return 'broken'
    show('listening')
    for await (const event of readServerEvents(body)) {
      if (event.type === 'replaced') return 'replaced'
      tell(event)
    }
    if (tokens.session === null) show('not listening')
    return 'over'
  } finally {
    clearInterval(watch)
  }
}

function show(text: string) {
  const state = element('stream')
  state.textContent = text
  state.dataset['state'] = text === 'listening' ? 'on' : 'off'
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
const nextFocus = () =>
  new Promise<void>((resolve) => addEventListener('focus', () => resolve(), { once: true }))
