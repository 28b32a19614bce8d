import { argon2, createHash, pbkdf2, scrypt, type ScryptOptions } from 'node:crypto'
import { promisify } from 'node:util'
import bcrypt from 'bcrypt'
import type { ForeignHash } from '../../domain/parse-foreign-hash.ts'

const deriveArgon2 = promisify(argon2)
const derivePbkdf2 = promisify(pbkdf2)
const deriveScrypt = promisify<Buffer, Buffer, number, ScryptOptions, Buffer>(scrypt)

/** bcrypt reads no more of a password. */
export const BCRYPT_BYTES = 72
const BCRYPT_SETTINGS_LENGTH = 29

/**
 * Computes the tag of a password with the parameters of a foreign hash, in a thread of libuv's pool.
 */
export async function deriveForeignTag(hash: ForeignHash, password: Buffer): Promise<Buffer> {
  switch (hash.scheme) {
    case 'argon2':
      return deriveArgon2(hash.variant, {
        message: password,
        nonce: hash.salt,
        parallelism: hash.parallelism,
        tagLength: hash.tag.length,
        memory: hash.memoryKib,
        passes: hash.passes,
      })
    case 'bcrypt': {
      const message =
        hash.prehash === 'none'
          ? password.subarray(0, BCRYPT_BYTES)
          : Buffer.from(createHash('sha256').update(password).digest('hex'))
      const whole = await bcrypt.hash(message, hash.settings)
      return Buffer.from(whole.slice(BCRYPT_SETTINGS_LENGTH))
    }
    case 'pbkdf2':
      return derivePbkdf2(password, hash.salt, hash.iterations, hash.tag.length, hash.digest)
    case 'scrypt': {
      const { cost, blockSize, parallelization, salt, tag } = hash
      return deriveScrypt(password, salt, tag.length, {
        cost,
        blockSize,
        parallelization,
        maxmem: 256 * blockSize * (cost + parallelization) + 1_048_576,
      })
    }
    default:
      return hash satisfies never
  }
}
