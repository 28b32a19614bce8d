import { CodedError } from '@auto-refresh/contracts'
import { repeat } from '@auto-refresh/service-kit/timing'
import type { CryptoKey, JSONWebKeySet } from 'jose'
import type { SigningKeys } from '../../ports/access-tokens.ts'
import type { Clock } from '../../ports/runtime.ts'
import type { FindPublicKey, KeyVault, StoredSigningKey } from '../../ports/signing-keys.ts'
import type { Log } from '../../ports/telemetry.ts'
import type { MaintainSigningKeys } from '../../use-cases/signing-keys/maintain-signing-keys.ts'
import { importPrivateKey, importPublicKey } from './signing-key-pair.ts'

const { subtle } = globalThis.crypto
const ES256 = { name: 'ECDSA', hash: 'SHA-256' }
const RELOAD_MS = 30_000
/** Made-up kids must not cause a query each. */
const UNKNOWN_KID_COOL_DOWN_MS = 5000

type Loaded = Readonly<{
  active: { header: string; privateKey: CryptoKey; sinceMs: number }
  publicKeys: ReadonlyMap<string, CryptoKey>
  jwks: JSONWebKeySet
}>
type SigningKeysDeps = Readonly<{
  maintain: MaintainSigningKeys
  /**
   * Reads the retired keys: a deleted key must be known as retired before it becomes unknown.
   */
  readRetired?: () => Promise<void>
  vault: KeyVault
  clock: Clock
  log: Log
}>

export type OpenSigningKeys = SigningKeys &
  Readonly<{
    findPublicKey: FindPublicKey
    activeSinceMs(): number
    /** Opens the keys and creates the first one; then reads and maintains them every 30 s. */
    start(): Promise<void>
    stop(): Promise<void>
    /** Reads the keys now. */
    reload(): Promise<void>
  }>

/**
 * Keeps the signing keys in memory, so that signing and checking need no database. The last loaded
 * keys are used until newer ones can be loaded.
 */
export function createSigningKeys(deps: SigningKeysDeps): OpenSigningKeys {
  const { maintain, readRetired, vault, clock, log } = deps
  let loaded: Loaded | undefined
  let loading: Promise<void> | undefined
  let lastLoad = { atMs: -Infinity, failed: undefined as unknown }
  const privateKeys = new Map<string, CryptoKey>()
  const repeating = repeat({
    everyMs: RELOAD_MS,
    run: reload,
    onError: (error) =>
      log.error({ err: error }, 'Signing key reload failed: the known keys stay in use'),
  })

  return {
    async sign(claims) {
      const { active } = current()
      // RFC 7515, compact. SignJWT of jose costs a third more, for every refresh.
      const input = `${active.header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`
      const signature = await subtle.sign(ES256, active.privateKey, Buffer.from(input))
      return `${input}.${Buffer.from(signature).toString('base64url')}`
    },
    jwks: () => current().jwks,
    findPublicKey: (kid) => current().publicKeys.get(kid) ?? findUnknown(kid),
    activeSinceMs: () => current().active.sinceMs,
    async start() {
      await reload()
      repeating.start()
    },
    stop: repeating.stop,
    reload,
  }

  function current(): Loaded {
    if (loaded === undefined) throw new TypeError('Signing keys used before start()')
    return loaded
  }

  async function findUnknown(kid: string): Promise<CryptoKey | undefined> {
    if (loading !== undefined || clock.nowMs() - lastLoad.atMs >= UNKNOWN_KID_COOL_DOWN_MS)
      await reload().catch(() => undefined)
    // While the database is unavailable, an unknown kid may be ours, so the token is not invalid.
    if (lastLoad.failed !== undefined)
      throw new CodedError('unavailable', { cause: lastLoad.failed })
    return current().publicKeys.get(kid)
  }

  function reload(): Promise<void> {
    loading ??= load().finally(() => {
      loading = undefined
    })
    return loading
  }

  async function load(): Promise<void> {
    try {
      const rows = await maintain()
      await readRetired?.()
      loaded = await toLoaded(rows)
      lastLoad = { atMs: clock.nowMs(), failed: undefined }
    } catch (error) {
      lastLoad = { atMs: clock.nowMs(), failed: error }
      throw error
    }
  }

  async function toLoaded(rows: readonly StoredSigningKey[]): Promise<Loaded> {
    const active = rows.find(({ state }) => state === 'active')
    if (active?.activatedAtMs === undefined) throw new Error('No active signing key')
    const privateKey = await openPrivateKey(active)
    const publicKeys = await Promise.all(
      rows.map(
        async ({ kid, publicJwk }) =>
          [kid, loaded?.publicKeys.get(kid) ?? (await importPublicKey(publicJwk))] as const,
      ),
    )
    return {
      active: {
        header: Buffer.from(
          JSON.stringify({ alg: 'ES256', typ: 'at+jwt', kid: active.kid }),
        ).toString('base64url'),
        privateKey,
        sinceMs: active.activatedAtMs,
      },
      publicKeys: new Map(publicKeys),
      jwks: { keys: rows.map(({ publicJwk }) => publicJwk) },
    }
  }

  async function openPrivateKey({ kid, sealed }: StoredSigningKey): Promise<CryptoKey> {
    const known = privateKeys.get(kid)
    if (known !== undefined) return known
    if (sealed === undefined) throw new Error(`Signing key ${kid} has no private half`)
    const opened = await importPrivateKey(vault.open(kid, sealed))
    privateKeys.clear()
    privateKeys.set(kid, opened)
    return opened
  }
}
