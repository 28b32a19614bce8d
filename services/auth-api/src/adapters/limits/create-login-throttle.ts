import type { LoginAttempt, LoginLimiter, LoginThrottle } from '../../ports.ts'
import type { Limiter } from './create-bounded-limiter.ts'
import { toAddressBlock } from './to-address-block.ts'

export type LoginThrottleDeps = Readonly<{
  /** failures of a name from an address */
  perPair: Limiter
  /** failures from an address */
  perAddress: Limiter
  /** failures of a name, from anywhere */
  perAccount: Limiter
  /** the pace at which an account over its limit may still be tried */
  slowLane: Limiter
  /** whether that name was signed in from that address before */
  isFamiliar: (attempt: LoginAttempt) => Promise<boolean>
}>

/**
 * Slows guessing down by address, by name and by both. A name under attack is never locked: it can be tried at a slow pace,
 * and at any pace from where its owner has signed in before. A refused attempt costs nothing at the other limits.
 */
export function createLoginThrottle({ perPair, perAddress, perAccount, slowLane, isFamiliar }: LoginThrottleDeps): LoginThrottle {
  return {
    async take(attempt) {
      const keys = toKeys(attempt)
      const address = await perAddress.take(keys.address)
      if (!address.allowed) return { ...address, limiter: 'login_ip' }
      const pair = await perPair.take(keys.pair)
      if (!pair.allowed) return refuse('login', pair, () => perAddress.giveBack(keys.address))
      const account = await perAccount.take(keys.account)
      if (account.allowed) return { allowed: true }
      const giveBack = () => Promise.all([perAddress.giveBack(keys.address), perPair.giveBack(keys.pair)])
      const slow = await slowLane.take(keys.account)
      if (slow.allowed || (await known(attempt, giveBack))) return { allowed: true }
      return refuse('login_account', { ...slow, isFirst: account.isFirst }, giveBack)
    },
    async giveBack(attempt) {
      const keys = toKeys(attempt)
      await Promise.all([perAddress.giveBack(keys.address), perPair.giveBack(keys.pair), perAccount.giveBack(keys.account)])
    },
  }

  async function known(attempt: LoginAttempt, giveBack: () => Promise<unknown>): Promise<boolean> {
    try {
      return await isFamiliar(attempt)
    } catch (error) {
      await giveBack()
      throw error
    }
  }
}

async function refuse<T>(limiter: LoginLimiter, refused: T, giveBack: () => Promise<unknown>): Promise<T & { limiter: LoginLimiter }> {
  await giveBack()
  return { ...refused, limiter }
}

function toKeys({ usernameKey, address }: LoginAttempt) {
  const block = toAddressBlock(address) ?? 'unknown'
  return { address: block, pair: `${block} ${usernameKey}`, account: usernameKey }
}
