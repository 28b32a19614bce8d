import type { RotateRequest } from '@auto-refresh/contracts'
import { cleanContext } from '../domain/clean-context.ts'
import type { Presented } from '../domain/decide-rotation.ts'
import type { DecodedToken, RefreshTokens } from '../ports.ts'

/** Combines a decoded token and its request into the input of `decideRotation`. */
export function toPresented(
  request: RotateRequest,
  decoded: DecodedToken,
  refreshTokens: RefreshTokens,
): Presented {
  return {
    sessionId: decoded.sessionId,
    generation: decoded.generation,
    nonceHash: decoded.nonceHash,
    attemptHash:
      request.idempotencyKey === undefined ? null : refreshTokens.hash(request.idempotencyKey),
    expectedSessionId: request.expectedSessionId,
    context: cleanContext(request.context),
    accessTtlMs: request.accessTtlSeconds * 1000,
  }
}
