import type { RotateRequest, TokenStore, Tracing } from '@auto-refresh/contracts'

/**
 * Adds the current trace to `rotate` and `peek`. token-store and its client run them in batches,
 * outside the trace of any single request.
 */
export function addTraceparent(tokenStore: TokenStore, tracing: Tracing): TokenStore {
  const traced = (request: RotateRequest) => {
    const traceparent = tracing.current()
    return traceparent === undefined ? request : { ...request, traceparent }
  }
  return {
    ...tokenStore,
    rotate: (request) => tokenStore.rotate(traced(request)),
    peek: (request) => tokenStore.peek(traced(request)),
  }
}
