import { generationsAhead, type Session } from '../session.ts'
import type { TokenStorage } from './token-storage.ts'

const ACCESS = 'access_token'
const REFRESH = 'refresh_token'
const NOTE = 'auto_refresh'
/** Another tab's write arrives key by key, an event each: look when they are all there. */
const SETTLE_MS = 20

const adapters = new WeakMap<Storage, TokenStorage>()

/**
 * Keeps the session in `localStorage` or `sessionStorage`, under the guide's keys `access_token` and `refresh_token`, so that a
 * page that moves from the guide's client keeps its session. `auto_refresh` holds what else is to be known of exactly that pair:
 * it names the end of its token, so that writing another pair makes it void in the same instant.
 */
export function webStorage(area: Storage): TokenStorage {
  const adapter = adapters.get(area) ?? createAdapter(area)
  adapters.set(area, adapter)
  return adapter
}

function createAdapter(area: Storage): TokenStorage {
  const listeners = new Set<() => void>()
  // Duplicating a tab copies its sessionStorage: two copies of one session, and the copy left behind would look stolen.
  const copies = area === globalThis.sessionStorage ? new BroadcastChannel('auto-refresh') : undefined
  let timer: ReturnType<typeof setTimeout> | undefined

  const tell = () => listeners.forEach((changed) => changed())
  globalThis.addEventListener?.('storage', ({ storageArea }) => {
    if (storageArea !== area) return
    clearTimeout(timer)
    timer = setTimeout(tell, SETTLE_MS)
  })
  copies?.addEventListener('message', ({ data }: MessageEvent<Session>) => {
    if (generationsAhead(data, load()) > 0) put(data)
  })

  function load(): Session | undefined {
    const accessToken = area.getItem(ACCESS)
    if (accessToken === null) return undefined
    const refreshToken = area.getItem(REFRESH) ?? undefined
    let note: { of?: string } | null = {}
    try {
      note = JSON.parse(area.getItem(NOTE) ?? '{}') as { of?: string } | null
    } catch {
      // Somebody else's: as if nothing were noted.
    }
    return { receivedAt: 0, lifetimeMs: 0, ...(note?.of === endOf(accessToken, refreshToken) ? note : {}), accessToken, refreshToken }
  }
  // The refresh token first: should the page die between two writes, the session goes on with either.
  function put({ accessToken, refreshToken, ...note }: Session): void {
    if (refreshToken === undefined) area.removeItem(REFRESH)
    else area.setItem(REFRESH, refreshToken)
    area.setItem(ACCESS, accessToken)
    area.setItem(NOTE, JSON.stringify({ ...note, of: endOf(accessToken, refreshToken) }))
    tell()
  }
  return {
    shared: copies === undefined,
    load,
    save(session) {
      put(session)
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is a window's; a channel has none
      copies?.postMessage(session)
    },
    remove() {
      for (const key of [REFRESH, ACCESS, NOTE]) area.removeItem(key)
      tell()
    },
    subscribe(changed) {
      listeners.add(changed)
      return () => listeners.delete(changed)
    },
  }
}

/** The end of a token is its signature: it tells tokens apart and is of no use to anybody. */
const endOf = (accessToken: string, refreshToken: string | undefined) => (refreshToken ?? accessToken).slice(-16)
