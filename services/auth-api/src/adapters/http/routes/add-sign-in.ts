import { setTimeout as delay } from 'node:timers/promises'
import { CodedError, SignInBody, TokenPairData } from '@auto-refresh/contracts'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { readKnownDevice, setKnownDevice } from '../request/known-device-cookie.ts'
import { toRefusalError } from '../errors/to-refusal-error.ts'
import { toRequestContext } from '../request/request-context.ts'
import { PAIR_HEADERS, userResponses } from './responses.ts'
import { CSRF_HEADER, type App, type RouteDeps } from './route.ts'

const SHED_MS = 1000

/** Adds `/token`, the sign-in. */
export function addSignIn(
  app: App,
  { useCases, settings, respondWithPair, requireCsrfProof }: RouteDeps,
): void {
  const schema = {
    tags: ['tokens'],
    operationId: 'signIn',
    summary: 'Sign in with a name and a password',
    headers: Type.Object(CSRF_HEADER),
    body: SignInBody,
    response: userResponses(TokenPairData, PAIR_HEADERS),
  }

  /**
   * Runs before the body is read, which is most of the cost of a refused sign-in. The refusal is
   * sent after a second, so that clients that retry at once do not delay refreshes.
   */
  const onRequest = async (request: FastifyRequest) => {
    const { block } = toRequestContext(request)
    if (!useCases.isSignInShed(block) || readKnownDevice(request) !== undefined) return
    await delay(SHED_MS)
    throw new CodedError('unavailable')
  }

  app.post('/token', { schema, onRequest }, async (request, reply) => {
    const { username, password, transport = 'body' } = request.body
    // Otherwise a foreign page could sign its visitor in as another user.
    if (transport === 'cookie') requireCsrfProof(request)
    const deviceProof = readKnownDevice(request)
    const result = await useCases.signIn({
      username,
      password,
      context: toRequestContext(request),
      deviceProof,
    })
    if (result.outcome !== 'signed_in') throw toRefusalError(result)
    setKnownDevice(reply, result.deviceProof, settings.cookie)
    return respondWithPair(reply, { pair: result.pair, transport, message: 'Login Successfully' })
  })
}
