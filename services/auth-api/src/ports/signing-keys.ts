import type { CryptoKey, JWK } from 'jose'
import type {
  SigningKeyAction,
  SigningKeyState,
  SigningKeyTimes,
} from '../domain/decide-signing-keys.ts'

/**
 * The public half of one of our keys, of any state. An unknown kid is looked for in the database,
 * seldom more than once in some seconds; throws `CodedError('unavailable')` when that could not be
 * done.
 */
export type FindPublicKey = (kid: string) => CryptoKey | undefined | Promise<CryptoKey | undefined>

type Sealed = Readonly<{ encryptionKid: string; box: Buffer }>

/** `name` is bound in: what was sealed for one row does not open in another. */
export interface KeyVault {
  seal(name: string, plain: Buffer): Sealed
  /**
   * Throws a `ConfigError` when the key is missing or another one, or when anything was changed.
   */
  open(name: string, sealed: Sealed): Buffer
}

/** A new key: the public half as the JWKS shows it, the private one (PEM) to be sealed. */
export type GenerateSigningKey = () => Promise<{ kid: string; publicJwk: JWK; pkcs8: Buffer }>

/** A retired key has no private half any more. */
export type StoredSigningKey = SigningKeyTimes &
  Readonly<{ publicJwk: JWK; sealed: Sealed | undefined }>

export type NewSigningKey = Readonly<{
  kid: string
  state: Exclude<SigningKeyState, 'retired'>
  publicJwk: JWK
  sealed: Sealed
}>

export type SigningKeyChange =
  | Exclude<SigningKeyAction, { action: 'create' }>
  | (NewSigningKey & { action: 'create' })
  /** others may hold it: its row goes, and its kid stays refused */
  | { action: 'deny'; kid: string }

/** The signing keys that others may hold: nothing that they signed counts. */
export interface RetiredKeys {
  isRetired(kid: string): boolean
  kids(): readonly string[]
}

/** Both throw `CodedError('unavailable')`. */
export interface SigningKeyStore {
  read(): Promise<StoredSigningKey[]>
  /** Those whose tokens are refused, the latest last; their rows are gone. */
  readRetired(): Promise<{ kid: string; retiredAtMs: number }[]>
  /**
   * One transaction that holds off every other process: what is decided on the keys as they are is
   * carried out; the keys as they are then.
   */
  change(
    decide: (keys: readonly StoredSigningKey[], nowMs: number) => Promise<SigningKeyChange[]>,
  ): Promise<StoredSigningKey[]>
}
