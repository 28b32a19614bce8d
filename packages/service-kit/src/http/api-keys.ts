import { createHash, timingSafeEqual } from 'node:crypto'
import { CodedError, type ApiKey, type ApiKeyScope } from '@auto-refresh/contracts'
import type { FastifyRequest } from 'fastify'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who calls, for logs and the audit trail; set by the guard of the route. */
    actor?: RequestActor
  }
}

/** The holder of an API key by its name, or a user by the id, with the session that acts. */
export type RequestActor = Readonly<{
  kind: 'key' | 'user'
  name: string
  session?: Readonly<{ id: string; network: string }>
}>

type KnownKey = Readonly<Pick<ApiKey, 'name' | 'scopes'>>
/** Returns the API key of a request; `undefined` without a key or with an unknown one. */
export type FindApiKey = (request: Pick<FastifyRequest, 'headers'>) => KnownKey | undefined
/** Returns an onRequest hook that requires an API key with `scope`. */
export type RequireScope = (scope: ApiKeyScope) => (request: FastifyRequest) => Promise<void>

/** Looks up the bearer token of a request among `keys`. */
export function createFindApiKey(keys: readonly ApiKey[]): FindApiKey {
  const known = keys.map(({ name, scopes, secret }) => ({ name, scopes, digest: toDigest(secret) }))
  return ({ headers }) => {
    const presented = toDigest(readBearer(headers) ?? '')
    // All keys are compared, and digests have one length: the time reveals nothing.
    return known.filter(({ digest }) => timingSafeEqual(digest, presented))[0]
  }
}

/**
 * Guards routes by API keys. The hook sets `request.actor` to the name of the key. It throws
 * `invalid_api_key` without a known key, and `insufficient_scope` if the key lacks the scope.
 */
export function createRequireApiKey(keys: readonly ApiKey[]): RequireScope {
  const find = createFindApiKey(keys)
  return (scope) => async (request) => {
    const key = find(request)
    if (key === undefined) throw new CodedError('invalid_api_key')
    request.actor = { kind: 'key', name: key.name }
    if (!key.scopes.includes(scope)) throw new CodedError('insufficient_scope')
  }
}

/** The scheme is case-insensitive (RFC 9110 §11.1). */
const readBearer = ({ authorization = '' }: FastifyRequest['headers']) =>
  /^bearer +(.+)$/i.exec(authorization)?.[1]
const toDigest = (text: string) => createHash('sha256').update(text).digest()
