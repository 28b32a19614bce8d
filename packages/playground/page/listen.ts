import type { TokenManager } from '@auto-refresh/client'
import { element } from './element.ts'
import { readServerEvents, type ServerEvent } from './read-server-events.ts'

const LOOK_MS = 250
const AGAIN_MS = 1000

/**
 * Listens to the server's events while signed in. The server closes a stream shortly after its
 * access token expires, and the oldest one when a fifth tab connects; that tab waits until it is
 * focused.
 */
export async function listen(
  tokens: TokenManager,
  onEvent: (event: ServerEvent) => void,
): Promise<void> {
  for (;;) {
    while (tokens.session === null) await pause(LOOK_MS)
    const end = await listenOnce(tokens, onEvent).catch(() => 'broken' as const)
    if (end !== 'over')
      show(end === 'replaced' ? 'paused: newer tabs are listening' : 'not listening')
    if (end === 'replaced') await nextFocus()
    if (end === 'broken') await pause(AGAIN_MS)
  }
}

async function listenOnce(
  tokens: TokenManager,
  onEvent: (event: ServerEvent) => void,
): Promise<'over' | 'replaced' | 'broken'> {
  const leaving = new AbortController()
  const { sessionId } = tokens.session ?? {}
  // The stream would continue with the events of the previous user.
  const watch = setInterval(() => {
    if (tokens.session !== null && tokens.session.sessionId !== sessionId) leaving.abort()
  }, LOOK_MS)
  try {
    const { ok, body } = await tokens.request('/playground/events', { signal: leaving.signal })
    if (!ok || body === null) return 'broken'
    show('listening')
    for await (const event of readServerEvents(body)) {
      if (event.type === 'replaced') return 'replaced'
      onEvent(event)
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
