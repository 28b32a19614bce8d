import { CodedError } from '@auto-refresh/contracts'
import { importJWK, type CryptoKey, type JWK } from 'jose'
import type { Log } from '../log.ts'
import type { CallAuthApi } from './call-auth-api.ts'
import { pollEvery } from './poll-every.ts'
import { withResolvers } from './with-resolvers.ts'

/** The cache lifetime that auth-api allows for its key set. */
const REFRESH_MS = 300_000
const AGAIN_MS = 10_000
/**
 * Until the first keys are read every request is refused, so retry sooner while auth-api starts.
 */
const FIRST_AGAIN_MS = 1000
/** Anyone can invent a kid, so an unknown one triggers a request at most this often. */
const COOL_DOWN_MS = 5000
/** How long the last known keys stay valid while auth-api is unavailable. */
const KEPT_MS = 86_400_000
const DEADLINE_MS = 2000
/**
 * How long a key stays valid after it is no longer published. If it was retired, the revocation
 * feed says so a little later.
 */
const DROPPED_MS = 30_000
/** After a key is retired its successor signs at once, but not every replica publishes it yet. */
const CHANGING_MS = 10_000
const CHANGING_COOL_DOWN_MS = 500

const CHANGING =
  'A signing key was retired a moment ago, and its successor may not be published yet'

type Keys = ReadonlyMap<string, CryptoKey>

/**
 * Reads auth-api's public keys (RFC 7517) in the background. Only a request with an unknown kid
 * waits for them.
 */
export function createRemoteKeys({
  url,
  callAuthApi,
  elapsedMs,
  log,
}: {
  url: string
  callAuthApi: CallAuthApi
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

  /** Reads once at a time. Never rejects: the error is in `tried`. */
  const refresh = () => (underWay ??= readKeys().finally(() => (underWay = undefined)))

  async function readKeys(): Promise<void> {
    try {
      const { status, body } = await callAuthApi({ url, deadlineMs: DEADLINE_MS })
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
     * Returns the key, or `undefined` for an unknown kid. Throws `CodedError('unavailable')` when
     * that cannot be decided: auth-api did not respond, or a key was retired a moment ago.
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
    /** Call when a key was retired: for a while an unknown kid may be its successor. */
    expectChange(): void {
      changingUntilMs = elapsedMs() + CHANGING_MS
    },
    /** resolves when the keys have been read for the first time */
    read: read.promise,
    start: polling.start,
    stop: polling.stop,
  }
}

/** Imports the keys that can verify our tokens: ES256 on P-256, for signatures. */
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
