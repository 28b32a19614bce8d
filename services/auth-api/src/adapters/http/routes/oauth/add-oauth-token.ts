import { MAX_REFRESH_TOKEN_LENGTH } from '@auto-refresh/contracts'
import type { FastifyRequest } from 'fastify'
import { Type, type Static } from 'typebox'
import type { TokenPair } from '../../../../domain/token-pair.ts'
import type { ExchangeTokenResult } from '../../../../use-cases/sign-in/exchange-token.ts'
import { OauthError } from '../../errors/oauth-error.ts'
import { toRefusalError } from '../../errors/to-refusal-error.ts'
import { readIdempotencyKey } from '../../request/read-idempotency-key.ts'
import { requirePublicClient } from '../../request/read-oauth-client.ts'
import { toRequestContext } from '../../request/request-context.ts'
import { IDEMPOTENCY_HEADER, type App, type RouteDeps } from '../route.ts'
import {
  ACCESS_TOKEN_TYPE,
  OAUTH_BODY_BYTES,
  oauthResponses,
  SUBJECT_TOKEN_TYPES,
  TOKEN_EXCHANGE,
  TokenForm,
  TokenResponse,
} from './oauth-schemas.ts'

type TokenRequest = FastifyRequest<{ Body: Static<typeof TokenForm> }>

/** Adds the token endpoint: refresh (RFC 6749 §6) and token exchange (RFC 8693). */
export function addOauthToken(app: App, { useCases, settings }: RouteDeps): void {
  const schema = {
    tags: ['OAuth 2'],
    operationId: 'createOAuthToken',
    summary: 'Token endpoint: refresh a pair, or exchange an ID token for one',
    consumes: ['application/x-www-form-urlencoded'],
    headers: Type.Object(IDEMPOTENCY_HEADER),
    body: TokenForm,
    response: oauthResponses(TokenResponse),
  }
  const options = { schema, config: { isForm: true }, bodyLimit: OAUTH_BODY_BYTES }

  app.post('/oauth2/token', options, async (request) => {
    requirePublicClient(request, request.body)
    if (request.body.scope !== undefined)
      throw new OauthError('invalid_scope', 'There are no scopes: send no scope')
    switch (request.body.grant_type) {
      case undefined:
        throw new OauthError('invalid_request', 'Send grant_type')
      case 'refresh_token':
        return refresh(request)
      case TOKEN_EXCHANGE:
        return exchange(request)
      default:
        throw new OauthError('unsupported_grant_type', 'This grant is not supported')
    }
  })

  async function refresh(request: TokenRequest) {
    const { refresh_token: refreshToken } = request.body
    if (refreshToken === undefined) throw new OauthError('invalid_request', 'Send refresh_token')
    const result = await useCases.refresh({
      refreshToken: refreshToken.slice(0, MAX_REFRESH_TOKEN_LENGTH),
      idempotencyKey: readIdempotencyKey(request),
      context: toRequestContext(request),
    })
    if (!('pair' in result)) throw toRefusalError(result)
    return toResponse(result.pair)
  }

  async function exchange(request: TokenRequest) {
    const { exchangeToken } = useCases
    if (exchangeToken === undefined)
      throw new OauthError('unsupported_grant_type', 'No issuer is trusted: set TRUSTED_ISSUERS')
    const result = await exchangeToken({
      subjectToken: readSubjectToken(request.body),
      context: toRequestContext(request),
    })
    if (result.outcome !== 'opened') throw toExchangeError(result)
    return { ...toResponse(result.pair), issued_token_type: ACCESS_TOKEN_TYPE } as const
  }

  /** Throws the refusals of RFC 8693 §2.1 and §2.2.2. */
  function readSubjectToken(body: TokenRequest['body']): string {
    const isSupported = SUBJECT_TOKEN_TYPES.some((type) => type === body.subject_token_type)
    if (body.subject_token === undefined || !isSupported)
      throw new OauthError(
        'invalid_request',
        `Send subject_token and subject_token_type: ${SUBJECT_TOKEN_TYPES.join(' or ')}`,
      )
    if (body.actor_token !== undefined)
      throw new OauthError('invalid_request', 'actor_token is not supported')
    if ((body.requested_token_type ?? ACCESS_TOKEN_TYPE) !== ACCESS_TOKEN_TYPE)
      throw new OauthError('invalid_request', `requested_token_type must be ${ACCESS_TOKEN_TYPE}`)
    if (body.resource !== undefined || (body.audience ?? settings.audience) !== settings.audience)
      throw new OauthError('invalid_target', 'Tokens are issued for one audience only')
    return body.subject_token
  }
}

function toResponse({ accessToken, refreshToken, expiresInSeconds }: TokenPair) {
  return {
    access_token: accessToken,
    token_type: 'Bearer' as const,
    expires_in: expiresInSeconds,
    refresh_token: refreshToken,
  }
}

/** RFC 8693 §2.2.2: a subject token that is invalid or unacceptable is `invalid_request`. */
function toExchangeError(result: Exclude<ExchangeTokenResult, { outcome: 'opened' }>) {
  if (result.outcome === 'rate_limited') return toRefusalError(result)
  const because = result.outcome === 'refused' ? result.because : 'the account is not active'
  return new OauthError('invalid_request', `The subject token is refused: ${because}`)
}
