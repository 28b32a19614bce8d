import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { Envelope, ErrorEnvelope } from '@auto-refresh/contracts'
import type { FastifyBaseLogger, FastifyInstance, RawReplyDefaultExpression, RawRequestDefaultExpression, RawServerDefault } from 'fastify'
import { Type, type TSchema } from 'typebox'
import type { AnswerPair } from '../answer-pair.ts'
import type { RequireCsrfProof } from '../csrf.ts'
import type { HttpDeps } from '../http-deps.ts'

/** An application whose handlers are typed by their schemas. */
export type App = FastifyInstance<RawServerDefault, RawRequestDefaultExpression, RawReplyDefaultExpression, FastifyBaseLogger, TypeBoxTypeProvider>

export type RouteDeps = HttpDeps & Readonly<{ answerPair: AnswerPair; requireCsrfProof: RequireCsrfProof }>

/** The answers of a route: what it promises, and the one shape of every failure. */
export function answers<Data extends TSchema>(data: Data) {
  return { 200: Envelope(data), '4xx': ErrorEnvelope, '5xx': ErrorEnvelope }
}
export const NothingData = Type.Null()
export const nothing = (message: string) => ({ status: 200, message, data: null })

/** How a route may be called, for the API reference. */
export const BY_ACCESS_TOKEN = [{ accessToken: [] }]
export const BY_REFRESH_TOKEN = [{}, { refreshTokenHeader: [] }, { refreshTokenCookie: [] }]
