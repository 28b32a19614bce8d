import type { CodedError, ErrorCode } from '@auto-refresh/contracts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { TOKEN_REFUSAL_CODES } from '../../../domain/refresh-refusal.ts'
import { OauthError, type OauthErrorCode } from './oauth-error.ts'

const GRANT_REFUSALS: ReadonlySet<ErrorCode> = new Set(Object.values(TOKEN_REFUSAL_CODES))
/** The client keeps its tokens and repeats the request. */
const TEMPORARY: ReadonlySet<ErrorCode> = new Set([
  'unavailable',
  'rate_limited',
  'request_incomplete',
])

/**
 * Sends an error in the form of RFC 6749 §5.2. Internal errors and limits are
 * `temporarily_unavailable`, never `invalid_grant`, which clients treat as a logout.
 */
export function sendOauthError(
  coded: CodedError,
  { headers }: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const usesBasic = /^basic /i.test(headers.authorization ?? '')
  const { status, error } = toOauthError(coded, usesBasic)
  // A refused refresh token is a 401 elsewhere.
  if (status === 401) reply.header('www-authenticate', usesBasic ? 'Basic' : 'Bearer')
  else reply.removeHeader('www-authenticate')
  return reply.code(status).send({ error, error_description: toDescription(coded.message) })
}

function toOauthError(
  coded: CodedError,
  usesBasic: boolean,
): { status: number; error: OauthErrorCode } {
  const { code, statusCode } = coded
  if (coded instanceof OauthError)
    return { status: coded.scheme === undefined ? 400 : 401, error: coded.error }
  if (GRANT_REFUSALS.has(code)) return { status: 400, error: 'invalid_grant' }
  if (TEMPORARY.has(code)) return { status: statusCode, error: 'temporarily_unavailable' }
  // RFC 7662 §2.3: by the way in which the caller presents its key.
  if (statusCode === 401)
    return { status: 401, error: usesBasic ? 'invalid_client' : 'invalid_token' }
  if (code === 'insufficient_scope') return { status: 403, error: 'insufficient_scope' }
  return { status: statusCode, error: 'invalid_request' }
}

/** RFC 6749 §5.2 allows printable ASCII without `"` and `\`. */
const toDescription = (text: string) => text.replaceAll('"', "'").replaceAll(/[^\x20-\x7e]|\\/g, '')
