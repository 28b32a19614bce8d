import type { Session } from '../session.ts'
import { createListeners } from './listeners.ts'
import type { TokenStorage } from './token-storage.ts'

const ACCESS = 'access_token'
const REFRESH = 'refresh_token'
const NOTE = 'auto_refresh'
/** Another tab's write arrives key by key, an event each: look when they are all there. */
const SETTLE_MS = 20

const adapters = new WeakMap<Storage, TokenStorage>()

/**
 * Keeps the session in an area of the browser, under the guide's keys `access_token` and `refresh_token`, so that a page that moves
 * from the guide's client keeps its session. `auto_refresh` holds what else is to be known of exactly that pair: it names the end of
 * its token, so that writing another pair makes it void in the same instant. One adapter for each area: its users share refreshes.
 */
export function areaStorage(area: Storage, complete = (adapter: TokenStorage) => adapter): TokenStorage {
  const adapter = adapters.get(area) ?? complete(createAdapter(area))
  adapters.set(area, adapter)
  return adapter
}

function createAdapter(area: Storage): TokenStorage {
  const { tell, subscribe } = createListeners()
  let timer: ReturnType<typeof setTimeout> | undefined

  globalThis.addEventListener?.('storage', ({ storageArea }) => {
    if (storageArea !== area) return
    clearTimeout(timer)
    timer = setTimeout(tell, SETTLE_MS)
  })

  /** What a page writes for a token that it has not got is no token. */
  function read(key: string): string | undefined {
    const value = area.getItem(key) ?? ''
    return /^(|null|undefined)$/.test(value) ? undefined : value
  }
  function load(): Session | undefined {
    const accessToken = read(ACCESS)
    if (accessToken === undefined) return undefined
    const refreshToken = read(REFRESH)
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
    shared: true,
    load,
    save: put,
    remove() {
      for (const key of [REFRESH, ACCESS, NOTE]) area.removeItem(key)
      tell()
    },
    subscribe,
  }
}

/** The end of a token is its signature: it tells tokens apart and is of no use to anybody. */
const endOf = (accessToken: string, refreshToken: string | undefined) => (refreshToken ?? accessToken).slice(-16)
