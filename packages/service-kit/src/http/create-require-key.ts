import { createHash, timingSafeEqual } from 'node:crypto'
import { CodedError } from '@auto-refresh/contracts'
import type { FastifyRequest } from 'fastify'

/**
 * Returns a hook that requires one of `keys` as bearer token. It throws `forbidden` otherwise, and
 * always if there is no key.
 */
export function createRequireKey(
  keys: readonly string[],
): (request: FastifyRequest) => Promise<void> {
  const digests = keys.map(toDigest)
  return async ({ headers }) => {
    const presented = toDigest(/^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1] ?? '')
    // All keys are compared, and digests have one length: the time reveals nothing.
    if (digests.filter((digest) => timingSafeEqual(digest, presented)).length === 0)
      throw new CodedError('forbidden')
  }
}

const toDigest = (text: string) => createHash('sha256').update(text).digest()
