import { CodedError, MAX_REFRESH_TOKEN_LENGTH, type ErrorCode } from '@auto-refresh/contracts'
import { Type } from 'typebox'
import { OauthError } from '../../errors/oauth-error.ts'
import { requirePublicClient } from '../../request/read-oauth-client.ts'
import { toRequestContext } from '../../request/request-context.ts'
import type { App, RouteDeps } from '../route.ts'
import { OAUTH_BODY_BYTES, oauthResponses, RevocationForm } from './oauth-schemas.ts'

/** RFC 7009 §2.2: the purpose of the request is already reached. */
const ALREADY_USELESS: ReadonlySet<ErrorCode> = new Set([
  'access_token_invalid',
  'access_token_expired',
  'refresh_token_invalid',
])

/** Adds the revocation endpoint (RFC 7009). It ends the session of either token, as `/logout`. */
export function addOauthRevocation(app: App, { useCases }: RouteDeps): void {
  const schema = {
    tags: ['OAuth 2'],
    operationId: 'revokeOAuthToken',
    summary: 'End the session of a token (RFC 7009)',
    consumes: ['application/x-www-form-urlencoded'],
    body: RevocationForm,
    response: oauthResponses(Type.Object({})),
  }
  const options = { schema, config: { isForm: true }, bodyLimit: OAUTH_BODY_BYTES }

  app.post('/oauth2/revoke', options, async (request) => {
    requirePublicClient(request, request.body)
    const { token } = request.body
    if (token === undefined) throw new OauthError('invalid_request', 'Send token')
    try {
      await useCases.signOut({
        accessToken: token,
        refreshToken: token.slice(0, MAX_REFRESH_TOKEN_LENGTH),
        context: toRequestContext(request),
      })
    } catch (error) {
      if (!(error instanceof CodedError) || !ALREADY_USELESS.has(error.code)) throw error
    }
    return {}
  })
}
