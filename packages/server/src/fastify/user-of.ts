import type { AccessTokenClaims } from '@auto-refresh/contracts'
import type { FastifyRequest } from 'fastify'

const users = new WeakMap<FastifyRequest, AccessTokenClaims>()

export const rememberUser = (request: FastifyRequest, user: AccessTokenClaims): void =>
  void users.set(request, user)

/**
 * Whom the guard has let pass with this request, whatever another plugin writes to `request.user`;
 * null where it has not.
 */
export const userOf = (request: FastifyRequest): AccessTokenClaims | null =>
  users.get(request) ?? null
