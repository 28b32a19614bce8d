import type { AccessTokenClaims, CodedError } from '@auto-refresh/contracts'
import type { ClientRequest } from './client-request.ts'
import type { Log } from './log.ts'
import type { User } from './user.ts'

/** A request as the guard reads it. A `FastifyRequest` has this shape. */
export type GuardRequest = ClientRequest &
  Readonly<{
    /** path and query as the client sent them, before a router removes a prefix */
    url: string
    method: string
    /** `http` or `https`, as the client sent the request; a trusted proxy knows it */
    protocol: string
    /** host name without port, as the client sent the request */
    hostname: string
    raw: { readonly rawHeaders: string[]; readonly httpVersion: string }
    /** false: nothing can be added to the response, so its tokens are not refreshed */
    canCarryTokens?: boolean
    /** logger that names the request; absent: the guard's logger */
    log?: Pick<Log, 'warn'>
  }>

/** Whether a request without an access token is refused or passes without a user. */
export type UserRequirement = 'required' | 'optional'

/** A header of a response. Names are in lower case. `set-cookie` is added, others replace. */
export type HeaderField = readonly [name: string, value: string]

/**
 * Refreshes the tokens of one request and returns the headers that carry them; none if the refresh
 * failed. Call it immediately before the head of a 2xx leaves, and only if the client can still
 * read it: a client that reads no head loses the new refresh token. A second call returns the same
 * headers. Never rejects. `exposedHeaders` is the value of `Access-Control-Expose-Headers` so far.
 */
export type PendingRenewal = (response: {
  exposedHeaders: string | undefined
}) => Promise<readonly HeaderField[]>

/** What to do with a request. */
export type GuardDecision =
  | { outcome: 'accepted'; user: User; renewal?: PendingRenewal }
  /** only with `optional`, and only if the request has no access token at all */
  | { outcome: 'anonymous' }
  | { outcome: 'refused'; error: CodedError }

/** Decides which requests are accepted, and refreshes tokens that are due. */
export type Guard<Request extends GuardRequest = GuardRequest> = Readonly<{
  /** Decides about one request. `user` is `required` by default. */
  check(request: Request, user?: UserRequirement): Promise<GuardDecision>
}>

/** The result of the verifier, combined with the revocation list. */
export type AccessTokenCheck =
  | { outcome: 'valid' | 'expired' | 'revoked'; claims: AccessTokenClaims }
  | { outcome: 'missing' | 'invalid' | 'retired' }
