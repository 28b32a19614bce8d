import { CodedError } from '@auto-refresh/contracts'
import { importJWK, type CryptoKey, type JWK } from 'jose'
import type { Log } from '../log.ts'
import type { Ask } from './ask.ts'
import { pollEvery } from './poll-every.ts'
import { withResolvers } from './with-resolvers.ts'

/** As long as auth-api lets a set be kept. */
const REFRESH_MS = 300_000
const AGAIN_MS = 10_000
/**
 * Before the first keys every request is refused: a start beside auth-api must not wait for them
 * any longer.
 */
const FIRST_AGAIN_MS = 1000
/** An unknown kid is looked for no more often than this: anybody can make one up. */
const COOL_DOWN_MS = 5000
/** Without auth-api the last good keys serve this long. */
const KEPT_MS = 86_400_000
const DEADLINE_MS = 2000
/**
 * A key that is published no longer serves on: the feed says, a little later, if it was retired.
 */
const DROPPED_MS = 30_000
/** After a key was retired another one signs at once, and not every replica publishes it yet. */
const CHANGING_MS = 10_000
const CHANGING_COOL_DOWN_MS = 500

const CHANGING =
  'A signing key was retired a moment ago, and its successor may not be published yet'

type Keys = ReadonlyMap<string, CryptoKey>

/**
 * auth-api's public keys (RFC 7517), read in the background, so that no request waits for them but
 * one with a kid that is new.
 */
export function createRemoteKeys({
  url,
  ask,
  elapsedMs,
  log,
}: {
  url: string
  ask: Ask
  elapsedMs: () => number
  log: Pick<Log, 'warn'>
}) {
  let keys: Keys = new Map()
  const dropped = new Map<string, { key: CryptoKey; untilMs: number }>()
  let changingUntilMs = -Infinity
  let readAtMs = -Infinity
  let tried: { atMs: number; fault?: unknown } = { atMs: -Infinity }
  let underWay: Promise<void> | undefined
  let failing = false
  const read = withResolvers()

  const polling = pollEvery({
    everyMs: REFRESH_MS,
    againMs: () => (keys.size === 0 ? FIRST_AGAIN_MS : AGAIN_MS),
    async poll() {
      await refresh()
      if (tried.fault !== undefined) throw tried.fault
      failing = false
    },
    onError(error) {
      if (!failing)
        log.warn(
          { err: error },
          'Reading the keys from auth-api failed: the known keys stay in use for a day',
        )
      failing = true
    },
  })

  /** One at a time. It never fails: what went wrong stands in `tried`. */
  const refresh = () => (underWay ??= readKeys().finally(() => (underWay = undefined)))

  async function readKeys(): Promise<void> {
    try {
      const { status, body } = await ask({ url, deadlineMs: DEADLINE_MS })
      const found = status === 200 ? await importKeys(body) : new Map<string, CryptoKey>()
      if (found.size === 0)
        throw new Error(`auth-api responded ${status} to the request for its keys, without any key`)
      replace(found)
      tried = { atMs: readAtMs }
      read.resolve()
    } catch (fault) {
      tried = { atMs: elapsedMs(), fault }
    }
  }

  function replace(found: Keys): void {
    readAtMs = elapsedMs()
    for (const [kid, { untilMs }] of dropped) if (untilMs <= readAtMs) dropped.delete(kid)
    for (const [kid, key] of keys)
      if (!found.has(kid)) dropped.set(kid, { key, untilMs: readAtMs + DROPPED_MS })
    keys = found
  }

  function known(kid: string): CryptoKey | undefined {
    const nowMs = elapsedMs()
    if (nowMs - readAtMs > KEPT_MS) return undefined
    const former = dropped.get(kid)
    return (
      keys.get(kid) ?? (former !== undefined && nowMs < former.untilMs ? former.key : undefined)
    )
  }

  return {
    /**
     * Throws `CodedError('unavailable')` when the key is not known, and auth-api could not be asked
     * or a key was retired a moment ago: then nobody knows.
     */
    async find(kid: string): Promise<CryptoKey | undefined> {
      const key = known(kid)
      if (key !== undefined) return key
      const isChanging = elapsedMs() < changingUntilMs
      const coolDownMs = isChanging ? CHANGING_COOL_DOWN_MS : COOL_DOWN_MS
      if (elapsedMs() - tried.atMs >= coolDownMs || underWay !== undefined) await refresh()
      if (tried.fault !== undefined) throw new CodedError('unavailable', { cause: tried.fault })
      const found = known(kid)
      if (found === undefined && isChanging)
        throw new CodedError('unavailable', { cause: new Error(CHANGING) })
      return found
    },
    /** A key was retired: for a while an unknown one may be its successor. */
    expectChange(): void {
      changingUntilMs = elapsedMs() + CHANGING_MS
    },
    /** resolves when the keys have been read for the first time */
    read: read.promise,
    start: polling.start,
    stop: polling.stop,
  }
}

/** Those that can verify our tokens: ES256 on P-256, for signatures. */
async function importKeys(body: unknown): Promise<Keys> {
  const listed =
    typeof body === 'object' && body !== null && 'keys' in body && Array.isArray(body.keys)
      ? (body.keys as JWK[])
      : []
  const found = new Map<string, CryptoKey>()
  for (const { kty, crv, x, y, kid, alg = 'ES256', use = 'sig' } of listed) {
    if (
      kty !== 'EC' ||
      crv !== 'P-256' ||
      alg !== 'ES256' ||
      use !== 'sig' ||
      typeof kid !== 'string' ||
      typeof x !== 'string' ||
      typeof y !== 'string'
    )
      continue
    const key = await importJWK({ kty, crv, x, y }, 'ES256')
    if (!(key instanceof Uint8Array)) found.set(kid, key)
  }
  return found
}
