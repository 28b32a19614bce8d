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
  const known = adapters.get(area)
  if (known !== undefined) return known
  const adapter = createAdapter(area)
  adapters.set(area, adapter)
  return adapter
}

function createAdapter(area: Storage): TokenStorage {
  const listeners = new Set<() => void>()
  const tell = () => listeners.forEach((changed) => changed())
  // Duplicating a tab copies its sessionStorage: two copies of one session, and the copy left behind would look stolen.
  const copies = isSessionStorage(area) ? openChannel() : undefined
  let timer: ReturnType<typeof setTimeout> | undefined

  const tellSoon = (event: StorageEvent) => {
    if (event.storageArea !== area || (event.key !== null && ![ACCESS, REFRESH, NOTE].includes(event.key))) return
    clearTimeout(timer)
    timer = setTimeout(tell, SETTLE_MS)
  }
  copies?.addEventListener('message', ({ data }: MessageEvent<Session>) => {
    if ((generationsAhead(data, load()) ?? 0) > 0) save(data)
  })

  function load(): Session | undefined {
    const accessToken = area.getItem(ACCESS) ?? ''
    const refreshToken = area.getItem(REFRESH) ?? undefined
    if (accessToken === '' && refreshToken === undefined) return undefined
    const note = readNote(area.getItem(NOTE))
    const noted = note.of === endOf({ accessToken, refreshToken }) ? note : undefined
    return { accessToken, refreshToken, receivedAt: noted?.receivedAt ?? 0, lifetimeMs: noted?.lifetimeMs ?? 0, attemptKey: noted?.attemptKey }
  }
  // The refresh token first: should the page die between two writes, the session goes on with either.
  function save(session: Session): void {
    if (session.refreshToken === undefined) area.removeItem(REFRESH)
    else area.setItem(REFRESH, session.refreshToken)
    area.setItem(ACCESS, session.accessToken)
    const { receivedAt, lifetimeMs, attemptKey } = session
    area.setItem(NOTE, JSON.stringify({ of: endOf(session), receivedAt, lifetimeMs, attemptKey }))
    tell()
  }
  return {
    shared: copies === undefined,
    load,
    save(session) {
      save(session)
      copies?.postMessage(session)
    },
    remove() {
      for (const key of [REFRESH, ACCESS, NOTE]) area.removeItem(key)
      tell()
    },
    subscribe(changed) {
      if (listeners.size === 0) globalThis.addEventListener?.('storage', tellSoon)
      listeners.add(changed)
      return () => {
        listeners.delete(changed)
        if (listeners.size === 0) globalThis.removeEventListener?.('storage', tellSoon)
      }
    },
  }
}

/** The end of a token is its signature: it tells tokens apart and is of no use to anybody. */
const endOf = ({ accessToken, refreshToken }: { accessToken: string; refreshToken?: string | undefined }) => (refreshToken ?? accessToken).slice(-16)

function readNote(text: string | null): { of?: string; receivedAt?: number; lifetimeMs?: number; attemptKey?: string } {
  try {
    return (JSON.parse(text ?? '{}') ?? {}) as ReturnType<typeof readNote>
  } catch {
    return {}
  }
}

function isSessionStorage(area: Storage): boolean {
  try {
    return area === globalThis.sessionStorage
  } catch {
    return false
  }
}

function openChannel(): BroadcastChannel | undefined {
  return typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel('auto-refresh')
}
