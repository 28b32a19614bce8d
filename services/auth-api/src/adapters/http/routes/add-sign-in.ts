import { SignInBody, TokenPairData } from '@auto-refresh/contracts'
import { Type } from 'typebox'
import { toRefusalError } from '../refusals.ts'
import { toRequestContext } from '../request-context.ts'
import { PAIR_HEADERS, userAnswers } from './answers.ts'
import { CSRF_HEADER, type App, type RouteDeps } from './route.ts'

export function addSignIn(app: App, { useCases, answerPair, requireCsrfProof }: RouteDeps): void {
  const schema = { tags: ['tokens'], summary: 'Sign in', headers: Type.Object(CSRF_HEADER), body: SignInBody, response: userAnswers(TokenPairData, PAIR_HEADERS) }

  app.post('/token', { schema }, async (request, reply) => {
    const { username, password, transport = 'body' } = request.body
    // else a foreign page could sign its visitor in as somebody else
    if (transport === 'cookie') requireCsrfProof(request)
    const result = await useCases.signIn({ username, password, context: toRequestContext(request) })
    if (result.outcome !== 'signed_in') throw toRefusalError(result)
    return answerPair(reply, { pair: result.pair, transport, message: 'Login Successfully' })
  })
}
