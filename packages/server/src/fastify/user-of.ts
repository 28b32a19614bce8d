import type { AccessTokenClaims } from '@auto-refresh/contracts'
import type { FastifyRequest } from 'fastify'

const users = new WeakMap<FastifyRequest, AccessTokenClaims>()

export const rememberUser = (request: FastifyRequest, user: AccessTokenClaims): void =>
  void users.set(request, user)

/**
 * The user that the guard has accepted for this request, independent of what another plugin writes
 * to `request.user`; null if it has not accepted one.
 */
export const userOf = (request: FastifyRequest): AccessTokenClaims | null =>
  users.get(request) ?? null
