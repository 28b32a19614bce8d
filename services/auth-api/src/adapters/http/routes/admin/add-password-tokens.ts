import {
  CodedError,
  CreatePasswordTokenBody,
  IdParams,
  PasswordTokenData,
} from '@auto-refresh/contracts'
import type { App, RouteDeps } from '../route.ts'
import { toUtc } from '../to-utc.ts'
import { actorOf, adminSchema, created, throwRefusal } from './admin-schemas.ts'
import { toId } from './to-id.ts'
import type { RequireAdmin } from './create-require-admin.ts'

/** Adds the route that creates a one-time token with which a user sets a password. */
export function addPasswordTokens(
  app: App,
  { useCases, administration: { users } }: RouteDeps,
  requireAdmin: RequireAdmin,
): void {
  const schema = adminSchema('createPasswordToken', 'A one-time token to set a password', {
    needed: 'write',
    data: PasswordTokenData,
  })
  app.post(
    '/users/:id/password-token',
    {
      schema: {
        ...schema,
        params: IdParams,
        body: CreatePasswordTokenBody,
        response: created(schema.response),
      },
      onRequest: requireAdmin('write'),
      // A missing body counts as an empty object.
      preValidation: async (request) => void (request.body ??= {}),
    },
    async (request, reply) => {
      const userId = toId(request.params)
      // The row of an erased user still exists.
      if ((await users.find(userId)) === undefined) throw new CodedError('not_found')
      const result = await useCases.createPasswordToken({
        userId,
        actor: actorOf(request),
        ttlSeconds: request.body.ttl_seconds,
      })
      if (result.outcome !== 'created') {
        throwRefusal(result)
        throw new CodedError('unavailable')
      }
      const data = { token: result.token, expires_at: toUtc(result.expiresAtMs) }
      return reply.code(201).send({ status: 201, message: 'Password token created', data })
    },
  )
}
