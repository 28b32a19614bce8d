import { CodedError, RefreshBody, TokenPairData } from '@auto-refresh/contracts'
import { readBearerToken } from '@auto-refresh/server/core'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { readIdempotencyKey } from '../request/read-idempotency-key.ts'
import { readProvenRefreshToken } from '../request/read-proven-refresh-token.ts'
import { toRefusalError } from '../errors/to-refusal-error.ts'
import { toRequestContext } from '../request/request-context.ts'
import { PAIR_HEADERS, userResponses } from './responses.ts'
import {
  BY_REFRESH_TOKEN,
  CSRF_HEADER,
  IDEMPOTENCY_HEADER,
  WITH_ACCESS_TOKEN_TOO,
  type App,
  type RouteDeps,
} from './route.ts'

/** Adds `/refresh` and `/auto-refresh`. */
export function addRefresh(
  app: App,
  { useCases, respondWithPair, requireCsrfProof }: RouteDeps,
): void {
  const headers = Type.Object({ ...CSRF_HEADER, ...IDEMPOTENCY_HEADER })
  const schema = {
    tags: ['tokens'],
    headers,
    body: RefreshBody,
    response: userResponses(TokenPairData, PAIR_HEADERS),
  }

  async function read(request: FastifyRequest<{ Body: RefreshBody }>) {
    const presented = await readProvenRefreshToken(request, { requireCsrfProof, useCases })
    if (presented === undefined) throw new CodedError('refresh_token_missing')
    const idempotencyKey = readIdempotencyKey(request)
    return {
      transport: presented.transport,
      refreshRequest: {
        refreshToken: presented.token,
        idempotencyKey,
        context: toRequestContext(request),
      },
    }
  }

  app.post(
    '/refresh',
    {
      schema: {
        ...schema,
        operationId: 'refresh',
        summary: 'Renew the pair, in any case',
        security: BY_REFRESH_TOKEN,
      },
    },
    async (request, reply) => {
      const { transport, refreshRequest } = await read(request)
      const result = await useCases.refresh(refreshRequest)
      if (!('pair' in result)) throw toRefusalError(result)
      return respondWithPair(reply, {
        pair: result.pair,
        transport,
        message: 'Token refreshed successfully',
      })
    },
  )

  app.post(
    '/auto-refresh',
    {
      schema: {
        ...schema,
        operationId: 'autoRefresh',
        summary: 'Renew the pair if it is due',
        security: WITH_ACCESS_TOKEN_TOO,
      },
    },
    async (request, reply) => {
      const { transport, refreshRequest } = await read(request)
      const result = await useCases.autoRefresh({
        ...refreshRequest,
        accessToken: readBearerToken(request),
      })
      if (!('pair' in result)) throw toRefusalError(result)
      const refreshed = result.outcome !== 'not_due'
      return respondWithPair(reply, {
        pair: result.pair,
        transport,
        refreshed,
        message: refreshed ? 'Token refreshed successfully' : 'Token is still fresh',
      })
    },
  )
}
