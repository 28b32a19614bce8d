import type { AutoRefreshOptions as CoreOptions } from '../core/auto-refresh-options.ts'
import { createAutoRefresh, type AutoRefresh } from '../core/create-auto-refresh.ts'
import type { UserRequirement } from '../core/guard.ts'
import type { User } from '../core/user.ts'
import { carryNewTokens } from './carry-new-tokens.ts'
import { toGuardRequest } from './to-guard-request.ts'
import { toRefusalResponse } from './to-refusal-response.ts'

/** Options of `autoRefresh`. */
export type AutoRefreshOptions = CoreOptions &
  Readonly<{
    /**
     * Returns the address of the client; a `Request` has none. `rest` is what the framework passes
     * after the request. Without it all users share the limits of one client at auth-api
     */
    address?(request: Request, ...rest: unknown[]): string | undefined
  }>

/** A handler that receives the user. `rest` is what the framework passes after the request. */
export type UserHandler<
  ForUser extends User | null,
  Req extends Request = Request,
  Rest extends unknown[] = unknown[],
> = (request: Req, context: { user: ForUser }, ...rest: Rest) => Response | Promise<Response>

type Wrap<ForUser extends User | null> = <Req extends Request, Rest extends unknown[]>(
  handler: UserHandler<ForUser, Req, Rest>,
) => (request: Req, ...rest: Rest) => Promise<Response>

type Next<ForUser extends User | null> = (context: {
  user: ForUser
}) => Response | Promise<Response>

/** What is known of a request besides the Request. */
type Given = Readonly<{
  /** address of the client; default: the option `address` */
  address?: string | undefined
}>

/** Wraps handlers that need a signed-in user, and what belongs to it. */
export type FetchAuth = Wrap<User> &
  Readonly<{
    /** accepts requests without an access token too; their `user` is null */
    optional: Wrap<User | null>
    /**
     * For a middleware: decides about the request, calls `next` with the user and returns its
     * response, with new tokens if it is a 2xx. Returns a refusal without calling `next`. `user`
     * is `required` by default. Rejects only with what `next` throws.
     */
    respond: {
      (request: Request, next: Next<User>, given?: Given & { user?: 'required' }): Promise<Response>
      (
        request: Request,
        next: Next<User | null>,
        given: Given & { user: 'optional' },
      ): Promise<Response>
    }
    /**
     * Starts to read keys and revocations, and resolves when both have been read once, at the
     * latest after 5 s. Without it the first request does. Never rejects.
     */
    start(): Promise<void>
    /** Stops reading them. */
    close(): Promise<void>
  }> &
  Pick<AutoRefresh, 'isReady' | 'feedAgeSeconds'>

/**
 * Creates a wrapper for handlers of WHATWG Requests that need a signed-in user:
 * `export const GET = auth((request, { user }) => ...)`. Due tokens are refreshed when the handler
 * returns a 2xx. It reads nothing before the first request or `start`, so that a build may import
 * it. Throws a `TypeError` for options that cannot work.
 */
export function autoRefresh({ address, ...options }: AutoRefreshOptions): FetchAuth {
  const core = createAutoRefresh(options)
  let started: Promise<void> | undefined
  const start = () => (started ??= core.start())

  async function respond(
    request: Request,
    next: Next<User | null>,
    { user: requirement, address: ip }: Given & { user?: UserRequirement },
  ): Promise<Response> {
    if (!core.isReady() && request.headers.has('authorization')) await start()
    const guarded = toGuardRequest(request, ip)
    const decision = await core.check(guarded, requirement)
    if (decision.outcome === 'refused') return toRefusalResponse(decision.error, guarded.id ?? '')
    if (decision.outcome === 'anonymous') return next({ user: null })
    const { user, renewal } = decision
    const response = await next({ user })
    return renewal === undefined ? response : carryNewTokens(request, response, renewal)
  }

  const wrap =
    (requirement: UserRequirement): Wrap<User | null> =>
    (handler) =>
    async (request, ...rest) =>
      respond(request, (context) => handler(request, context, ...rest), {
        user: requirement,
        address: address?.(request, ...rest),
      })

  return Object.assign(wrap('required') as Wrap<User>, {
    optional: wrap('optional'),
    respond: (
      request: Request,
      next: Next<never>,
      given: Given & { user?: UserRequirement } = {},
    ) =>
      // `user` decides what `next` receives, as the overloads say.
      respond(request, next as Next<User | null>, {
        ...given,
        address: given.address ?? address?.(request),
      }),
    start,
    close: core.stop,
    isReady: core.isReady,
    feedAgeSeconds: core.feedAgeSeconds,
  })
}
