import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AutoRefreshOptions as CoreOptions } from '../core/auto-refresh-options.ts'
import { createAutoRefresh, type AutoRefresh } from '../core/create-auto-refresh.ts'
import type { GuardDecision, UserRequirement } from '../core/guard.ts'
import { consoleLog } from '../core/log.ts'
import { canHoldHead, holdHead } from './hold-head.ts'
import { sendRefusal } from './send-refusal.ts'
import { toGuardRequest, type ExpressRequest } from './to-guard-request.ts'
import { rememberUser } from './user-of.ts'

/** A `RequestHandler` of Express 4 and 5, written without their types. */
export type Middleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void

/** Options of `autoRefresh`. */
export type AutoRefreshOptions = CoreOptions &
  Readonly<{
    /** property of the request that holds the user; default `user` */
    decorator?: string
  }>

/** The middleware that accepts only signed-in users, with its variants. */
export type ExpressAuth = Middleware &
  Readonly<{
    /** accepts requests without an access token too; their `request.user` is null */
    optional: Middleware
    /** Stops reading keys and revocations, so that the process can end. */
    close(): Promise<void>
  }> &
  Pick<AutoRefresh, 'isReady' | 'feedAgeSeconds'>

/**
 * Creates the middleware that accepts only signed-in users: `app.use('/api', auth)`. It begins at
 * once to read keys and revocations; requests with a token wait for them, at most until 5 s after
 * the start. Due tokens are refreshed when the handler sends a 2xx, before its head leaves. Throws a
 * `TypeError` for options that cannot work.
 */
export function autoRefresh({ decorator = 'user', ...options }: AutoRefreshOptions): ExpressAuth {
  const core = createAutoRefresh(options)
  const started = core.start()
  const accepted = new WeakSet<IncomingMessage>()
  let hasWarned = false

  const guard =
    (requirement: UserRequirement): Middleware =>
    (request, response, next) => {
      // behind `auth` of the same app, on the way to a router that has it too
      if (accepted.has(request)) next()
      else
        void decide(request, response, requirement)
          .then((decision) => apply(decision, request, response))
          .then((goesOn) => (goesOn ? next() : undefined))
          .catch(next)
    }

  async function decide(
    request: ExpressRequest,
    response: ServerResponse,
    requirement: UserRequirement,
  ) {
    if (!core.isReady() && request.headers.authorization !== undefined) await started
    const canCarryTokens = canHoldHead(response)
    if (!canCarryTokens) warnOnce()
    return core.check({ ...toGuardRequest(request), canCarryTokens }, requirement)
  }

  /** Returns whether the next handler runs. */
  function apply(
    decision: GuardDecision,
    request: ExpressRequest,
    response: ServerResponse,
  ): boolean {
    // A middleware that limits the time of a request may have sent its response by now.
    if (response.writableEnded) return false
    if (decision.outcome === 'refused') {
      sendRefusal(decision.error, request, response)
      return false
    }
    // Also null: another middleware's user must not pass for one that was accepted here.
    setUser(request, decision.outcome === 'accepted' ? decision.user : null)
    if (decision.outcome === 'anonymous') return true
    accepted.add(request)
    rememberUser(request, decision.user)
    if (decision.renewal !== undefined) holdHead(response, decision.renewal)
    return true
  }

  function setUser(request: IncomingMessage, user: unknown): void {
    if (Reflect.set(request, decorator, user)) return
    throw new Error(
      `request.${decorator} is read-only and belongs to another middleware: set the option decorator`,
    )
  }

  function warnOnce(): void {
    if (hasWarned) return
    hasWarned = true
    const log = options.log ?? consoleLog
    log.warn({}, 'Auto-refresh skipped: the response is not one of node:http')
  }

  return Object.assign(guard('required'), {
    optional: guard('optional'),
    isReady: core.isReady,
    feedAgeSeconds: core.feedAgeSeconds,
    close: core.stop,
  })
}
