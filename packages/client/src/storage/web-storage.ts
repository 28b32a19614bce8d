import { pause } from '../pause.ts'
import { generationsAhead, type Session } from '../session.ts'
import { areaStorage } from './area-storage.ts'
import type { TokenStorage } from './token-storage.ts'

/** Time in which the other copies have to answer. */
const ASK_MS = 100

/**
 * Keeps the session in `localStorage`, which all tabs share, or in `sessionStorage`, where each tab
 * has its own.
 */
export function webStorage(area: Storage): TokenStorage {
  return areaStorage(area, area === globalThis.sessionStorage ? withCopies : undefined)
}

/**
 * Duplicating a tab copies its sessionStorage: two copies of one session, and the outdated copy
 * would look stolen. So each new pair is posted to the other copies, and a tab that starts with a
 * copy first asks for a newer one.
 */
function withCopies(adapter: TokenStorage, suffix: string): TokenStorage {
  const channel = new BroadcastChannel(`auto-refresh${suffix}`)
  const load = () => adapter.load() as Session | undefined
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is a window's; a channel has none
  const post = (session: Session | undefined) => channel.postMessage(session)
  let asked = false

  channel.addEventListener('message', ({ data }: MessageEvent<Session>) => {
    const ahead = generationsAhead(data, load())
    if (ahead > 0) void adapter.save(data)
    if (ahead < 0) post(load())
  })
  return {
    ...adapter,
    shared: false,
    load() {
      const session = load()
      if (asked || session === undefined) return session
      asked = true
      post(session)
      return pause(ASK_MS).then(load)
    },
    save(session) {
      asked = true
      void adapter.save(session)
      post(session)
    },
  }
}
