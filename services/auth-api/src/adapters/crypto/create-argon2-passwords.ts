import { argon2, timingSafeEqual } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { promisify } from 'node:util'
import { parseForeignHash, type ForeignHash } from '../../domain/parse-foreign-hash.ts'
import type { HashTurn, Passwords } from '../../ports/passwords.ts'
import { createBoundedQueue } from './create-bounded-queue.ts'
import { BCRYPT_BYTES, deriveForeignTag } from './derive-foreign-tag.ts'
import { formatPhc, parsePhc, type Argon2Cost, type Argon2Hash } from './phc.ts'

/** OWASP Password Storage: 19 MiB, two passes. */
export const ARGON2_COST: Argon2Cost = { memoryKib: 19_456, passes: 2, parallelism: 1 }
const SALT_BYTES = 16
const TAG_BYTES = 32
/**
 * Two at a time leave half of libuv's threads to other work. With fewer than four cores, a second
 * one would take the core that serves refreshes. An own hash takes about 20 ms, so the last of 48
 * waits for about a second; an imported one may itself take a second, and then the deadline of the
 * request ends the wait.
 */
const QUEUE = { concurrency: availableParallelism() < 4 ? 1 : 2, maxWaiting: 48 }
const WRONG = { matches: false, outdated: false } as const

const derive = promisify(argon2)
type Derivation = {
  cost: Argon2Cost
  salt: Buffer
  tagBytes: number
  turn: HashTurn | undefined
}

type Argon2PasswordsDeps = Readonly<{
  randomBytes: (size: number) => Buffer
  cost?: Argon2Cost
  /** the hash that the dummy for this name imitates; `undefined` for an own hash */
  pickDummy?: (dummyFor: string) => string | undefined
}>

/**
 * Hashes passwords with argon2id off the event loop, in NFKC and in full length. It also verifies
 * the hashes of other products. Calls wait in a bounded queue; beyond it they are refused.
 */
export function createArgon2Passwords({
  randomBytes,
  cost = ARGON2_COST,
  pickDummy = () => undefined,
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
      if (hash !== undefined) return check(password, hash, turn)
      const imitated = turn?.dummyFor === undefined ? undefined : pickDummy(turn.dummyFor)
      await (imitated === undefined
        ? checkOwn(password, dummy, turn)
        : check(password, imitated, turn))
      return WRONG
    },
  }

  async function check(password: string, hash: string, turn: HashTurn | undefined) {
    const parsed = parseForeignHash(hash)
    const own = parsed.outcome === 'parsed' ? parsePhc(hash) : undefined
    if (own !== undefined) return checkOwn(password, own, turn)
    if (parsed.outcome === 'parsed') return checkForeign(password, parsed.hash, turn)
    await checkOwn(password, dummy, turn)
    return { ...WRONG, unreadable: true } as const
  }

  async function checkOwn(password: string, stored: Argon2Hash, turn: HashTurn | undefined) {
    const tag = await toTag(password, { ...stored, tagBytes: stored.tag.length, turn })
    const matches = timingSafeEqual(tag, stored.tag)
    return { matches, outdated: matches && isOutdated(stored) }
  }

  /**
   * The other product hashed the bytes that it received, usually without a normal form; an argon2
   * hash may come from another installation of this product, which hashed the NFKC form. A hash of
   * another kind is derived only once: it may take a second.
   */
  function checkForeign(password: string, stored: ForeignHash, turn: HashTurn | undefined) {
    const forms = new Set([password])
    if (stored.scheme === 'argon2') forms.add(password.normalize('NFKC'))
    return queue.run(async () => {
      for (const form of forms) {
        const bytes = Buffer.from(form)
        const tag = await deriveForeignTag(stored, bytes)
        const matches = tag.length === stored.tag.length && timingSafeEqual(tag, stored.tag)
        if (matches) return { matches, outdated: isProvenInFull(stored, bytes) }
      }
      return WRONG
    }, turn)
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

/**
 * Whether the hash proves the whole password. bcrypt proves 72 bytes: if we hashed more, a typing
 * error behind them would become part of the password.
 */
function isProvenInFull(stored: ForeignHash, password: Buffer): boolean {
  return stored.scheme !== 'bcrypt' || stored.prehash !== 'none' || password.length <= BCRYPT_BYTES
}
