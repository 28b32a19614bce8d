import { argon2, timingSafeEqual } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { promisify } from 'node:util'
import type { Passwords } from '../../ports/passwords.ts'
import { createBoundedQueue, type QueueOptions } from './create-bounded-queue.ts'
import { formatPhc, parsePhc, type Argon2Cost, type Argon2Hash } from './phc.ts'

/** OWASP Password Storage: 19 MiB, two passes. */
export const ARGON2_COST: Argon2Cost = { memoryKib: 19_456, passes: 2, parallelism: 1 }
const SALT_BYTES = 16
const TAG_BYTES = 32
/**
 * Two at a time leave half of libuv's threads to other work. With fewer than four cores, a second
 * one would take the core that serves refreshes. At about 20 ms each, more than 48 would wait for
 * longer than a second.
 */
const QUEUE = { concurrency: availableParallelism() < 4 ? 1 : 2, maxWaiting: 48 }

const derive = promisify(argon2)
type Derivation = {
  cost: Argon2Cost
  salt: Buffer
  tagBytes: number
  turn: QueueOptions | undefined
}

type Argon2PasswordsDeps = Readonly<{
  randomBytes: (size: number) => Buffer
  cost?: Argon2Cost
}>

/**
 * Hashes passwords with argon2id off the event loop, in NFKC and in full length. Calls wait in a
 * bounded queue; beyond it they are refused.
 */
export function createArgon2Passwords({
  randomBytes,
  cost = ARGON2_COST,
}: Argon2PasswordsDeps): Passwords {
  const queue = createBoundedQueue(QUEUE)
  // No password matches it, but checking it takes the same time.
  const dummy: Argon2Hash = { cost, salt: randomBytes(SALT_BYTES), tag: randomBytes(TAG_BYTES) }

  return {
    isBusy: queue.isFull,
    async hash(password, turn) {
      const salt = randomBytes(SALT_BYTES)
      return formatPhc({
        cost,
        salt,
        tag: await toTag(password, { cost, salt, tagBytes: TAG_BYTES, turn }),
      })
    },
    async verify(password, hash, turn) {
      const own = hash === undefined ? undefined : parsePhc(hash)
      const stored = own ?? dummy
      const tag = await toTag(password, { ...stored, tagBytes: stored.tag.length, turn })
      const matches = timingSafeEqual(tag, stored.tag) && own !== undefined
      const unreadable = hash !== undefined && own === undefined
      return { matches, outdated: matches && isOutdated(stored), ...(unreadable && { unreadable }) }
    },
  }

  function toTag(
    password: string,
    { cost: { memoryKib, passes, parallelism }, salt, tagBytes, turn }: Derivation,
  ): Promise<Buffer> {
    const message = password.normalize('NFKC')
    return queue.run(
      () =>
        derive('argon2id', {
          message,
          nonce: salt,
          parallelism,
          tagLength: tagBytes,
          memory: memoryKib,
          passes,
        }),
      turn,
    )
  }

  function isOutdated({ cost: had, tag, salt }: Argon2Hash): boolean {
    const same =
      had.memoryKib === cost.memoryKib &&
      had.passes === cost.passes &&
      had.parallelism === cost.parallelism
    return !same || tag.length !== TAG_BYTES || salt.length !== SALT_BYTES
  }
}
