import { isIssuedBy, type Session } from '../session.ts'
import type { MaybePromise, TokenStorage } from './token-storage.ts'

type Views = { byServer: Map<string, TokenStorage>; claimant?: string }
const bound = new WeakMap<TokenStorage, Views>()

const then = <T, U>(
  value: MaybePromise<T>,
  next: (value: T) => MaybePromise<U>,
): MaybePromise<U> => (value instanceof Promise ? value.then(next) : next(value))

/**
 * Returns the part of a storage that belongs to one server, so that no token reaches another one.
 * The first server to sign in uses the storage itself (the guide's keys), a further one its own
 * slot. There is one view for each server, so its users share refreshes.
 */
export function bindStorage(storage: TokenStorage, server: string): TokenStorage {
  const views = bound.get(storage) ?? { byServer: new Map<string, TokenStorage>() }
  bound.set(storage, views)
  const view = views.byServer.get(server) ?? createView(storage, server, views)
  views.byServer.set(server, view)
  return view
}

/** Ignores the error of a full or blocked storage: the following write reports it. */
function ignoreFailure<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}

function createView(main: TokenStorage, server: string, views: Views): TokenStorage {
  const slot = main.slot?.(server)
  const guess = `?${server}`
  let inSlot = false
  let isForeign = false

  /**
   * The server that a pair is stored for. A pair of an earlier version, or of the guide's client,
   * has none: it belongs to the server that its issuer names, else to the first one that reads it,
   * as a guess until that server has returned a pair.
   */
  function ownerOf(session: Session): string | undefined {
    const noted = session.server ?? '?'
    if (noted === server || noted === guess) return noted
    if (!noted.startsWith('?')) return undefined
    if (isIssuedBy(session, server)) return server
    const isFirst = noted === '?' && (slot !== undefined || (views.claimant ??= server) === server)
    return isFirst ? guess : undefined
  }
  function claim(session: Session | undefined): Session | undefined {
    const owner = session && ownerOf(session)
    isForeign = session !== undefined && owner === undefined
    if (session === undefined || owner === undefined) return undefined
    const claimed = { ...session, server: owner }
    // An asynchronous write could land after a newer pair's, so such a storage is marked by the
    // next save.
    if (slot && owner !== session.server) ignoreFailure(() => void main.save(claimed))
    return claimed
  }
  const load = () =>
    then(slot?.load(), (own) => {
      inSlot = own !== undefined
      return own ?? then(main.load(), claim)
    })
  /** Finds out where the pair is just before a write: another server may have been first. */
  const locate = (): MaybePromise<unknown> => slot && ignoreFailure(load)

  return {
    ...(main.shared !== undefined && { shared: main.shared }),
    load,
    save: (session) =>
      then(locate(), () =>
        (slot && (inSlot || isForeign) ? slot : main).save({
          ...session,
          server: session.server ?? server,
        }),
      ),
    remove: () =>
      then(locate(), () => {
        if (slot && inSlot) return slot.remove()
        if (!isForeign) return main.remove()
      }),
    ...(main.subscribe && {
      subscribe(changed: () => void) {
        const ends = [main.subscribe?.(changed), slot?.subscribe?.(changed)]
        return () => ends.forEach((end) => end?.())
      },
    }),
  }
}
