import { createHash, timingSafeEqual } from 'node:crypto'
import { CodedError } from '@auto-refresh/contracts'
import type { FastifyRequest } from 'fastify'

/**
 * Lets only back ends pass that send one of the keys as bearer token: `forbidden` otherwise, and
 * for everybody where there is no key.
 */
export function createRequireKey(
  keys: readonly string[],
): (request: FastifyRequest) => Promise<void> {
  const digests = keys.map(toDigest)
  return async ({ headers }) => {
    const presented = toDigest(/^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1] ?? '')
    // Every key is compared, and digests are of one length: the time tells nothing.
    if (digests.filter((digest) => timingSafeEqual(digest, presented)).length === 0)
      throw new CodedError('forbidden')
  }
}

const toDigest = (text: string) => createHash('sha256').update(text).digest()
