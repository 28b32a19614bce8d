import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'
import { ConfigError } from '@auto-refresh/service-kit/config'
import type { KeyVault } from '../../ports/signing-keys.ts'

const NONCE_BYTES = 12
const TAG_BYTES = 16

type KeyVaultDeps = Readonly<{
  encryptionKeys: readonly { kid: string; key: Buffer }[]
  randomBytes: (size: number) => Buffer
}>

/**
 * Encrypts private keys with AES-256-GCM. The first encryption key seals, all keys open. A box is
 * nonce, tag, ciphertext.
 */
export function createKeyVault({ encryptionKeys, randomBytes }: KeyVaultDeps): KeyVault {
  const keys = new Map(
    encryptionKeys.map(({ kid, key }) => [
      kid,
      Buffer.from(hkdfSync('sha256', key, '', 'auto-refresh signing key', 32)),
    ]),
  )
  const [current] = encryptionKeys
  if (current === undefined) throw new TypeError('No encryption key for signing keys')

  return {
    seal(name, plain) {
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv('aes-256-gcm', keyOf(current.kid), nonce).setAAD(
        Buffer.from(name),
      )
      const sealed = Buffer.concat([cipher.update(plain), cipher.final()])
      return {
        encryptionKid: current.kid,
        box: Buffer.concat([nonce, cipher.getAuthTag(), sealed]),
      }
    },
    open(name, { encryptionKid, box }) {
      const decipher = createDecipheriv(
        'aes-256-gcm',
        keyOf(encryptionKid),
        box.subarray(0, NONCE_BYTES),
        { authTagLength: TAG_BYTES },
      )
      decipher
        .setAAD(Buffer.from(name))
        .setAuthTag(box.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES))
      const opened = decipher.update(box.subarray(NONCE_BYTES + TAG_BYTES))
      try {
        return Buffer.concat([opened, decipher.final()])
      } catch {
        throw new ConfigError([
          `SIGNING_KEY_ENCRYPTION_KEYS: the key of kid ${encryptionKid} does not open the signing key ${name}; ` +
            `restore the old key, and give a new key a kid that was never used`,
        ])
      }
    },
  }

  function keyOf(kid: string): Buffer {
    const key = keys.get(kid)
    if (key !== undefined) return key
    throw new ConfigError([
      `SIGNING_KEY_ENCRYPTION_KEYS has no key ${kid}, but a signing key in use is encrypted with it; ` +
        'put it back',
    ])
  }
}
