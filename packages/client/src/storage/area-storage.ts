import type { Session } from '../session.ts'
import { createListeners } from './create-listeners.ts'
import type { TokenStorage } from './token-storage.ts'

const ACCESS = 'access_token'
const REFRESH = 'refresh_token'
const NOTE = 'auto_refresh'
/** Another tab's write arrives key by key, an event each: look when they are all there. */
const SETTLE_MS = 20

type Complete = (adapter: TokenStorage, suffix: string) => TokenStorage
const adapters = new WeakMap<Storage, Map<string, TokenStorage>>()

/**
 * Keeps the session in an area of the browser, under the guide's keys `access_token` and
 * `refresh_token`, so that a page that moves from the guide's client keeps its session; a slot adds
 * its server to the keys. `auto_refresh` holds what else is known of exactly that pair: it names
 * the end of its token, so that writing another pair voids it in the same instant. Only the server
 * that it names outlasts that: the guide's client renews a pair without a note. One adapter for
 * each area and slot: its users share refreshes.
 */
export function areaStorage(
  area: Storage,
  complete: Complete = (it) => it,
  suffix = '',
): TokenStorage {
  const known = adapters.get(area) ?? new Map<string, TokenStorage>()
  adapters.set(area, known)
  const adapter = known.get(suffix) ?? {
    ...complete(createAdapter(area, suffix), suffix),
    slot: (server: string) => areaStorage(area, complete, ` ${server}`),
  }
  known.set(suffix, adapter)
  return adapter
}

function createAdapter(area: Storage, suffix: string): TokenStorage {
  const { tell, subscribe } = createListeners()
  let timer: ReturnType<typeof setTimeout> | undefined

  globalThis.addEventListener?.('storage', ({ storageArea }) => {
    if (storageArea !== area) return
    clearTimeout(timer)
    timer = setTimeout(tell, SETTLE_MS)
  })

  /** What a page writes for a token that it has not got is no token. */
  function read(key: string): string | undefined {
    const value = area.getItem(key + suffix) ?? ''
    return /^(|null|undefined)$/.test(value) ? undefined : value
  }
  function load(): Session | undefined {
    const accessToken = read(ACCESS)
    if (accessToken === undefined) return undefined
    const refreshToken = read(REFRESH)
    let note: { of?: string; server?: string } | null = {}
    try {
      note = JSON.parse(area.getItem(NOTE + suffix) ?? '{}') as typeof note
    } catch {
      // Somebody else's: as if nothing were noted.
    }
    const known =
      note?.of === endOf(accessToken, refreshToken) ? note : note?.server && { server: note.server }
    return { receivedAt: 0, lifetimeMs: 0, ...known, accessToken, refreshToken }
  }
  // The refresh token first: should the page die between two writes, the session goes on with
  // either.
  function put({ accessToken, refreshToken, ...note }: Session): void {
    // But before another server's pair its name: a tab that reads in between must not take the pair
    // for its own.
    const isNamed = area.getItem(NOTE + suffix)?.includes(JSON.stringify(note.server))
    if (!isNamed && area.getItem(ACCESS + suffix) !== accessToken) {
      area.setItem(NOTE + suffix, JSON.stringify({ server: note.server }))
    }
    if (refreshToken === undefined) area.removeItem(REFRESH + suffix)
    else area.setItem(REFRESH + suffix, refreshToken)
    area.setItem(ACCESS + suffix, accessToken)
    area.setItem(NOTE + suffix, JSON.stringify({ ...note, of: endOf(accessToken, refreshToken) }))
    tell()
  }
  return {
    shared: true,
    load,
    save: put,
    remove() {
      for (const key of [REFRESH, ACCESS, NOTE]) area.removeItem(key + suffix)
      tell()
    },
    subscribe,
  }
}

/** The end of a token is its signature: it tells tokens apart and is of no use to anybody. */
const endOf = (accessToken: string, refreshToken: string | undefined) =>
  (refreshToken ?? accessToken).slice(-16)
