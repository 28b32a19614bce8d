import type { Session } from '../session.ts'
import { createListeners } from './create-listeners.ts'
import type { TokenStorage } from './token-storage.ts'

const ACCESS = 'access_token'
const REFRESH = 'refresh_token'
const METADATA = 'auto_refresh'
/** Another tab writes key by key, with an event for each: wait until all are written. */
const SETTLE_MS = 20

type Complete = (adapter: TokenStorage, suffix: string) => TokenStorage
const adapters = new WeakMap<Storage, Map<string, TokenStorage>>()

/**
 * Keeps the session in a storage area of the browser under the guide's keys `access_token` and
 * `refresh_token`, so that a page that moves from the guide's client keeps its session. A slot adds
 * its server to the keys. `auto_refresh` has the metadata of exactly that pair: it contains the end
 * of the pair's token, so writing another pair invalidates it at once. Only its `server` outlasts
 * that, because the guide's client refreshes a pair without metadata. There is one adapter for each
 * area and slot, so its users share refreshes.
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
  const { emit, subscribe } = createListeners()
  let timer: ReturnType<typeof setTimeout> | undefined

  globalThis.addEventListener?.('storage', ({ storageArea }) => {
    if (storageArea !== area) return
    clearTimeout(timer)
    timer = setTimeout(emit, SETTLE_MS)
  })

  /** Ignores the words that a page writes when it has no token. */
  function read(key: string): string | undefined {
    const value = area.getItem(key + suffix) ?? ''
    return /^(|null|undefined)$/.test(value) ? undefined : value
  }
  function load(): Session | undefined {
    const accessToken = read(ACCESS)
    if (accessToken === undefined) return undefined
    const refreshToken = read(REFRESH)
    let metadata: { of?: string; server?: string } | null = {}
    try {
      metadata = JSON.parse(area.getItem(METADATA + suffix) ?? '{}') as typeof metadata
    } catch {
      // Written by another script: ignore it.
    }
    const known =
      metadata?.of === endOf(accessToken, refreshToken)
        ? metadata
        : metadata?.server && { server: metadata.server }
    return { receivedAt: 0, lifetimeMs: 0, ...known, accessToken, refreshToken }
  }
  // The refresh token first: if the page is closed between two writes, the session continues with
  // either.
  function put({ accessToken, refreshToken, ...metadata }: Session): void {
    // But the server name before another server's pair: a tab that reads in between must not take
    // the pair for its own.
    const isNamed = area.getItem(METADATA + suffix)?.includes(JSON.stringify(metadata.server))
    if (!isNamed && area.getItem(ACCESS + suffix) !== accessToken) {
      area.setItem(METADATA + suffix, JSON.stringify({ server: metadata.server }))
    }
    if (refreshToken === undefined) area.removeItem(REFRESH + suffix)
    else area.setItem(REFRESH + suffix, refreshToken)
    area.setItem(ACCESS + suffix, accessToken)
    area.setItem(
      METADATA + suffix,
      JSON.stringify({ ...metadata, of: endOf(accessToken, refreshToken) }),
    )
    emit()
  }
  return {
    shared: true,
    load,
    save: put,
    remove() {
      for (const key of [REFRESH, ACCESS, METADATA]) area.removeItem(key + suffix)
      emit()
    },
    subscribe,
  }
}

/** The end of a token is its signature: it identifies the token and is useless to an attacker. */
const endOf = (accessToken: string, refreshToken: string | undefined) =>
  (refreshToken ?? accessToken).slice(-16)
