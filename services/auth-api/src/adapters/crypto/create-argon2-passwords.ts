import { argon2, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import type { Passwords } from '../../ports.ts'
import { createBoundedQueue } from './create-bounded-queue.ts'
import { formatPhc, parsePhc, type Argon2Cost, type Argon2Hash } from './phc.ts'

/** OWASP Password Storage: 19 MiB, two passes. */
export const ARGON2_COST: Argon2Cost = { memoryKib: 19_456, passes: 2, parallelism: 1 }
const SALT_BYTES = 16
const TAG_BYTES = 32
/** Two at once leave half of libuv's threads to everybody else. At about 20 ms each, 256 wait longer than anybody has patience. */
const QUEUE = { concurrency: 2, maxWaiting: 256 }

const derive = promisify(argon2)
type Derivation = { cost: Argon2Cost; salt: Buffer; tagBytes: number; patience: AbortSignal | undefined }

export type Argon2PasswordsDeps = Readonly<{ randomBytes: (size: number) => Buffer; cost?: Argon2Cost }>

/** argon2id off the event loop, of a password in NFKC and never cut. A flood waits in a bounded queue, then is refused. */
export function createArgon2Passwords({ randomBytes, cost = ARGON2_COST }: Argon2PasswordsDeps): Passwords {
  const queue = createBoundedQueue(QUEUE)
  // No password matches it; it only costs what a real one costs.
  const dummy: Argon2Hash = { cost, salt: randomBytes(SALT_BYTES), tag: randomBytes(TAG_BYTES) }

  return {
    async hash(password, patience) {
      const salt = randomBytes(SALT_BYTES)
      return formatPhc({ cost, salt, tag: await toTag(password, { cost, salt, tagBytes: TAG_BYTES, patience }) })
    },
    async verify(password, hash, patience) {
      const own = hash === undefined ? undefined : parsePhc(hash)
      const stored = own ?? dummy
      const tag = await toTag(password, { ...stored, tagBytes: stored.tag.length, patience })
      const matches = timingSafeEqual(tag, stored.tag) && own !== undefined
      const unreadable = hash !== undefined && own === undefined
      return { matches, outdated: matches && isOutdated(stored), ...(unreadable && { unreadable }) }
    },
  }

  function toTag(password: string, { cost: { memoryKib, passes, parallelism }, salt, tagBytes, patience }: Derivation): Promise<Buffer> {
    const message = password.normalize('NFKC')
    return queue(() => derive('argon2id', { message, nonce: salt, parallelism, tagLength: tagBytes, memory: memoryKib, passes }), patience)
  }

  function isOutdated({ cost: had, tag, salt }: Argon2Hash): boolean {
    const same = had.memoryKib === cost.memoryKib && had.passes === cost.passes && had.parallelism === cost.parallelism
    return !same || tag.length !== TAG_BYTES || salt.length !== SALT_BYTES
  }
}
