import type { RefreshBody } from '@auto-refresh/contracts'
import { readRefreshToken, type PresentedRefreshToken } from '@auto-refresh/fastify-auto-refresh'
import type { FastifyRequest } from 'fastify'
import type { RequireCsrfProof } from './csrf.ts'

/** The refresh token of a request; one in a cookie counts only with proof. Throws `ambiguous_refresh_token`, `csrf_rejected`. */
export function readProvenRefreshToken(request: FastifyRequest<{ Body: RefreshBody }>, requireCsrfProof: RequireCsrfProof): PresentedRefreshToken | undefined {
  const presented = readRefreshToken(request, { bodyToken: request.body.refresh_token })
  if (presented?.transport === 'cookie') requireCsrfProof(request)
  return presented
}
