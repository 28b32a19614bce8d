import type { RotateRequest } from '@auto-refresh/contracts'
import { cleanContext } from '../domain/clean-context.ts'
import type { Presented } from '../domain/decide-rotation.ts'
import type { ReadToken, RefreshTokens } from '../ports.ts'

/** A request whose token is authentic, as the decision wants it. */
export function toPresented(
  request: RotateRequest,
  token: ReadToken,
  refreshTokens: RefreshTokens,
): Presented {
  return {
    sessionId: token.sessionId,
    generation: token.generation,
    nonceHash: token.nonceHash,
    attemptHash:
      request.idempotencyKey === undefined ? null : refreshTokens.hash(request.idempotencyKey),
    expectedSessionId: request.expectedSessionId,
    context: cleanContext(request.context),
    accessTtlMs: request.accessTtlSeconds * 1000,
  }
}
