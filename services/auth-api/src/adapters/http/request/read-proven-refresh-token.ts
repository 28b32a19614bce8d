import type { RefreshBody } from '@auto-refresh/contracts'
import {
  readBearerToken,
  readRefreshToken,
  type PresentedRefreshToken,
} from '@auto-refresh/server/core'
import type { FastifyRequest } from 'fastify'
import type { RequireCsrfProof } from '../plugins/create-require-csrf-proof.ts'
import type { UseCases } from '../http-deps.ts'
import { toRequestContext } from './request-context.ts'

type Deps = Readonly<{
  useCases: Pick<UseCases, 'chooseRefreshToken'>
  requireCsrfProof: RequireCsrfProof
}>

/**
 * Reads the refresh token of a request. A cookie counts only with proof against CSRF; the use case
 * chooses among several cookies. Returns `undefined` when there is no refresh token. Throws
 * `ambiguous_refresh_token`, `csrf_rejected`, `unavailable`.
 */
export async function readProvenRefreshToken(
  request: FastifyRequest<{ Body: RefreshBody }>,
  { useCases, requireCsrfProof }: Deps,
): Promise<PresentedRefreshToken | undefined> {
  const presented = readRefreshToken(request, { bodyToken: request.body.refresh_token })
  if (presented?.transport === 'cookie') requireCsrfProof(request)
  if (presented?.others === undefined) return presented
  const token = await useCases.chooseRefreshToken({
    refreshTokens: [presented.token, ...presented.others],
    accessToken: readBearerToken(request),
    context: toRequestContext(request),
  })
  return { token, transport: presented.transport }
}
