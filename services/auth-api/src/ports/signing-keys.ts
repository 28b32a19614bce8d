import type { CryptoKey, JWK } from 'jose'
import type {
  SigningKeyAction,
  SigningKeyState,
  SigningKeyTimes,
} from '../domain/decide-signing-keys.ts'

/**
 * Returns the public half of one of our keys, in any state. Looks for an unknown kid in the
 * database, at most about once in 5 s. Throws `CodedError('unavailable')` when the database cannot
 * be read.
 */
export type FindPublicKey = (kid: string) => CryptoKey | undefined | Promise<CryptoKey | undefined>

type Sealed = Readonly<{ encryptionKid: string; box: Buffer }>

/** Encrypts private keys. `name` is bound in: a box of one row does not open in another row. */
export interface KeyVault {
  seal(name: string, plain: Buffer): Sealed
  /**
   * Throws a `ConfigError` when the encryption key is missing or wrong, or when the box was
   * changed.
   */
  open(name: string, sealed: Sealed): Buffer
}

/** Generates a key: the public half as in the JWKS, the private half (PEM) to be sealed. */
export type GenerateSigningKey = () => Promise<{ kid: string; publicJwk: JWK; pkcs8: Buffer }>

/** The private half of a retired key has been deleted. */
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
  /** the key may have leaked: deletes its row and refuses its kid from now on */
  | { action: 'deny'; kid: string }

/** Signing keys that may have leaked: all their tokens are refused. */
export interface RetiredKeys {
  isRetired(kid: string): boolean
  kids(): readonly string[]
}

/** All methods throw `CodedError('unavailable')`. */
export interface SigningKeyStore {
  read(): Promise<StoredSigningKey[]>
  /** The denied keys, latest last; their rows have been deleted. */
  readRetired(): Promise<{ kid: string; retiredAtMs: number }[]>
  /**
   * Locks the keys, calls `decide` with the current keys, applies its changes in one transaction
   * and returns the resulting keys.
   */
  change(
    decide: (keys: readonly StoredSigningKey[], nowMs: number) => Promise<SigningKeyChange[]>,
  ): Promise<StoredSigningKey[]>
}
