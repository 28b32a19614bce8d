import type { FastifyRequest } from 'fastify'
import type { UserRequirement } from '../core/guard.ts'
import type { User } from '../core/user.ts'

// Here, because the published declarations of `index.ts` include this file.
declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * Whether this route needs a signed-in user; `optional`: a request without an access token
     * passes, and `request.user` is null; `none`: the guard does nothing. Default: that of the scope
     */
    user?: UserRequirement | 'none'
  }
  interface FastifyRequest<
    RouteGeneric,
    RawServer,
    RawRequest,
    SchemaCompiler,
    TypeProvider,
    ContextConfig,
  > {
    /**
     * The signed-in user. Null where the guard has not accepted the request: in earlier hooks, in
     * log serializers, after a refusal, for an anonymous request, on a route with `user: 'none'`.
     */
    readonly user: ContextConfig extends { user: 'optional' }
      ? User | null
      : ContextConfig extends { user: 'none' }
        ? null
        : User
  }
}

const users = new WeakMap<object, User>()

export const rememberUser = (request: FastifyRequest, user: User): void =>
  void users.set(request, user)

/**
 * The user that the guard has accepted for this request, independent of what another plugin writes
 * to `request.user`; null if it has not accepted one.
 */
export const userOf = (request: object): User | null => users.get(request) ?? null
