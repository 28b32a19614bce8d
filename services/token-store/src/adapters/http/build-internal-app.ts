import type { TokenStore } from '@auto-refresh/contracts'
import { createInternalApp } from '@auto-refresh/service-kit/process'
import type { FastifyInstance } from 'fastify'
import { registerInternalRoutes } from './register-internal-routes.ts'

/** Bytes: 256 items of the largest size. */
const BODY_LIMIT = 4_194_304

/** The internal API for auth-api. */
export function buildInternalApp({
  tokenStore,
  ...options
}: {
  tokenStore: TokenStore
  apiKeys: readonly string[]
  /** if false, every call gets 503, so that auth-api asks another replica */
  isUp(): boolean
  onError(error: unknown): void
}): FastifyInstance {
  const app = createInternalApp({ ...options, bodyLimit: BODY_LIMIT })
  registerInternalRoutes(app, tokenStore)
  return app
}
