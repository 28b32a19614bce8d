import type { CodedError } from '@auto-refresh/contracts'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { EXPOSE_HEADERS } from '../core/expose-headers.ts'
import type { Guard, PendingRenewal, UserRequirement } from '../core/guard.ts'
import type { User } from '../core/user.ts'
import { rememberUser, userOf } from './user-of.ts'

type GuardScopeOptions = Readonly<{
  check: Guard<FastifyRequest>['check']
  /** responds to a refusal, or throws */
  refuse: (error: CodedError, request: FastifyRequest, reply: FastifyReply) => FastifyReply
  /** for routes without their own `config.user`; default `required` */
  user?: UserRequirement | 'none' | undefined
  /** the request's property that holds the user; default `user` */
  decorator?: string | undefined
}>

const REQUIREMENTS: ReadonlySet<unknown> = new Set(['required', 'optional', 'none'])

/** Lets a guard decide about every request of a scope, and adds new tokens to the responses. */
export function guardScope(
  app: FastifyInstance,
  { check, refuse, user: ofScope = 'required', decorator = 'user' }: GuardScopeOptions,
): void {
  const renewals = new WeakMap<FastifyRequest, PendingRenewal>()

  checkRequirement(ofScope)
  app.addHook('onRoute', ({ config }) => checkRequirement(config?.user ?? ofScope))
  // If another plugin has decorated this property, as @fastify/jwt does, setUser fills it.
  if (!app.hasRequestDecorator(decorator)) {
    app.decorateRequest(decorator, {
      getter(this: FastifyRequest) {
        return userOf(this)
      },
    })
  }

  app.addHook('onRequest', async (request, reply) => {
    const requirement = request.routeOptions.config.user ?? ofScope
    if (requirement === 'none') return
    const decision = await check(request, requirement)
    if (decision.outcome === 'refused') return refuse(decision.error, request, reply)
    if (decision.outcome === 'anonymous') return
    setUser(request, decision.user)
    if (decision.renewal !== undefined) renewals.set(request, decision.renewal)
  })

  app.addHook('onSend', async (request, reply) => {
    const renewal = renewals.get(request)
    if (
      renewal === undefined ||
      reply.statusCode < 200 ||
      reply.statusCode > 299 ||
      reply.raw.destroyed
    )
      return
    const exposedHeaders = [reply.getHeader(EXPOSE_HEADERS) ?? []].flat().join()
    for (const [name, value] of await renewal({ exposedHeaders })) reply.header(name, value)
  })

  function setUser(request: FastifyRequest, user: User): void {
    rememberUser(request, user)
    const own = (request as unknown as Record<string, unknown>)[decorator] === user
    if (own || Reflect.set(request, decorator, user)) return
    throw new Error(
      `request.${decorator} is read-only and belongs to another plugin: set the option decorator`,
    )
  }
}

function checkRequirement(user: unknown): void {
  if (!REQUIREMENTS.has(user)) throw new TypeError("user must be 'required', 'optional' or 'none'")
}
