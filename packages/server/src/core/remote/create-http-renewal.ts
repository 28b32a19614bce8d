import {
  CodedError,
  Envelope,
  HEADERS,
  RenewalData,
  RenewalPeekData,
  type RenewalBody,
} from '@auto-refresh/contracts'
import type { Static, TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import type { ClientRequest } from '../client-request.ts'
import type { Refused, Renewal, RenewalRequest } from '../renewal.ts'
import type { Ask } from './ask.ts'
import { createAttempts } from './create-attempts.ts'
import { toAnswerError } from './to-answer-error.ts'

/** What a request waits for auth-api in sum, beside its handler. */
const REQUEST_MS = 3000
/** A question has no more of it, so that a slow peek leaves a second to the renewal. */
const QUESTION_MS = 2000
/** After these nothing is open: the client gets the successor, or none will come. */
const FINAL: ReadonlySet<string> = new Set<RenewalData['outcome']>([
  'renewed',
  'invalid',
  'expired',
  'revoked',
  'reused',
  'user_inactive',
])

/**
 * Renewals by auth-api over HTTP, on behalf of the user whose request it is. Each carries an
 * `Idempotency-Key`: a lost answer is asked for again. Where it stays lost, the next request with
 * the same refresh token asks under the same key, so that the user, who never saw the successor, is
 * not taken for a thief.
 */
export function createHttpRenewal({
  url,
  key,
  ask,
  createId,
  nowMs,
  elapsedMs,
  isAway,
}: {
  /** of `POST`; with `/peek` behind it of the question */
  url: string
  key: string
  ask: Ask
  createId: () => string
  nowMs: () => number
  elapsedMs: () => number
  /** auth-api is known to be away: nobody waits for its silence */
  isAway: () => boolean
}): Renewal {
  const begin = createAttempts({ createId, nowMs })
  const waitedMs = new WeakMap<ClientRequest, number>()
  const peekAnswer = Compile(Envelope(RenewalPeekData))
  const answer = Compile(Envelope(RenewalData))

  async function post<Data extends TSchema>(
    path: string,
    asked: RenewalRequest,
    attempt: string,
    checker: { Check(value: unknown): value is { data: Static<Data> } },
  ): Promise<Static<Data>> {
    if (isAway())
      throw new CodedError('unavailable', { cause: new Error('auth-api is unavailable') })
    const { refreshToken, sessionId, request } = asked
    const client = {
      address: (request.ip ?? '').slice(0, 64),
      agent: (request.headers['user-agent'] ?? '').slice(0, 1024),
    }
    const body: RenewalBody = {
      refresh_token: refreshToken,
      expected_session_id: sessionId,
      client,
    }
    const headers = { authorization: `Bearer ${key}`, [HEADERS.idempotencyKey]: attempt }
    const startedAtMs = elapsedMs()
    const waited = waitedMs.get(request) ?? 0
    const deadlineMs = Math.min(QUESTION_MS, REQUEST_MS - waited)
    const answered = await ask({
      url: `${url}${path}`,
      method: 'POST',
      headers,
      body,
      deadlineMs,
    }).catch((cause: unknown) => {
      throw new CodedError('unavailable', {
        cause: new Error('auth-api did not answer', { cause }),
      })
    })
    waitedMs.set(request, waited + elapsedMs() - startedAtMs)
    if (answered.status === 200 && checker.Check(answered.body)) return answered.body.data
    throw new CodedError('unavailable', {
      cause: toAnswerError(answered, { question: 'a renewal', keySetting: 'RENEWAL_KEYS' }),
    })
  }

  return {
    async peek(asked) {
      const attempt = begin(asked)
      const peeked = await attempt.foresee(
        () => post<typeof RenewalPeekData>('/peek', asked, attempt.key, peekAnswer),
        ({ outcome }) => outcome === 'would_renew',
      )
      return peeked.outcome === 'would_renew' ? peeked : toRefused(peeked)
    },
    async renew(asked) {
      const attempt = begin(asked)
      const renewed = await attempt.carryOut(
        () => post<typeof RenewalData>('', asked, attempt.key, answer),
        ({ outcome }) => FINAL.has(outcome),
      )
      if (renewed.outcome !== 'renewed') return toRefused(renewed)
      const idleUntilMs = nowMs() + renewed.refresh_expires_in * 1000
      return {
        outcome: 'renewed',
        accessToken: renewed.access_token,
        refreshToken: renewed.refresh_token,
        idleUntilMs,
      }
    },
  }
}

function toRefused(refused: Exclude<RenewalPeekData, { outcome: 'would_renew' }>): Refused {
  return refused.outcome === 'rate_limited'
    ? { outcome: 'rate_limited', retryAfterSeconds: refused.retry_after_seconds }
    : { outcome: refused.outcome }
}
