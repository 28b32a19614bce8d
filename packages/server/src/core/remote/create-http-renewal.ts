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
import type { RenewalRefusal, Renewal, RenewalRequest } from '../renewal.ts'
import type { Log } from '../log.ts'
import { REQUEST_ID } from '../to-request-id.ts'
import type { Answer, CallAuthApi } from './call-auth-api.ts'
import { createAttempts } from './create-attempts.ts'
import { toResponseError } from './to-response-error.ts'

/** Total time that a request may spend on auth-api, on top of its handler. */
const REQUEST_MS = 3000
/** Limit of one call, so that a slow peek leaves a second for the refresh. */
const CALL_MS = 2000
/** More calls at once would delay the revocations while auth-api is slow. */
const MAX_CALLS = 500
/**
 * Outcomes after which the key can be dropped: the client gets the successor, or there will be
 * none.
 */
const FINAL: ReadonlySet<string> = new Set<RenewalData['outcome']>([
  'renewed',
  'invalid',
  'expired',
  'revoked',
  'reused',
  'user_inactive',
])

/**
 * Refreshes tokens through auth-api over HTTP, on behalf of the user who sent the request. Each
 * call carries an `Idempotency-Key`, so a lost answer can be fetched again. If it stays lost, the
 * next request with the same refresh token uses the same key, so that the user, who never received
 * the successor, is not taken for a thief.
 */
export function createHttpRenewal({
  url,
  key,
  callAuthApi,
  createId,
  nowMs,
  elapsedMs,
  isUnavailable,
  log,
}: {
  /** for `POST`; the peek is at `/peek` below it */
  url: string
  key: string
  callAuthApi: CallAuthApi
  createId: () => string
  nowMs: () => number
  elapsedMs: () => number
  /** whether auth-api is known to be unavailable: then no request waits for it */
  isUnavailable: () => boolean
  log: Pick<Log, 'error'>
}): Renewal {
  const begin = createAttempts({ createId, nowMs })
  const waitedMs = new WeakMap<ClientRequest, number>()
  const peekAnswer = Compile(Envelope(RenewalPeekData))
  const answer = Compile(Envelope(RenewalData))
  let isRejected = false
  let calls = 0

  async function post<Data extends TSchema>(
    path: string,
    renewalRequest: RenewalRequest,
    attempt: string,
    checker: { Check(value: unknown): value is { data: Static<Data> } },
  ): Promise<Static<Data>> {
    if (isUnavailable() || calls >= MAX_CALLS)
      throw new CodedError('unavailable', { cause: new Error('auth-api is unavailable or slow') })
    const { refreshToken, sessionId, request } = renewalRequest
    const client = {
      address: (request.ip ?? '').slice(0, 64),
      agent: (request.headers['user-agent'] ?? '').slice(0, 1024),
    }
    const body: RenewalBody = {
      refresh_token: refreshToken,
      expected_session_id: sessionId,
      client,
    }
    const headers = {
      authorization: `Bearer ${key}`,
      [HEADERS.idempotencyKey]: attempt,
      ...(REQUEST_ID.test(request.id ?? '') ? { [HEADERS.requestId]: request.id ?? '' } : {}),
    }
    const startedAtMs = elapsedMs()
    const waited = waitedMs.get(request) ?? 0
    const deadlineMs = Math.min(CALL_MS, REQUEST_MS - waited)
    calls += 1
    const response = await callAuthApi({
      url: `${url}${path}`,
      method: 'POST',
      headers,
      body,
      deadlineMs,
    })
      .catch((cause: unknown) => {
        throw new CodedError('unavailable', {
          cause: new Error('auth-api did not respond', { cause }),
        })
      })
      .finally(() => (calls -= 1))
    waitedMs.set(request, waited + elapsedMs() - startedAtMs)
    if (response.status === 200 && checker.Check(response.body)) {
      isRejected = false
      return response.body.data
    }
    throw new CodedError('unavailable', { cause: explain(response) })
  }

  /** A rejected key is logged once: users with due tokens pass, so nothing else would show it. */
  function explain(response: Answer): Error {
    const error = toResponseError(response, { call: 'a refresh', scope: 'tokens:refresh' })
    if ([401, 403].includes(response.status) && !isRejected) {
      isRejected = true
      log.error({ err: error }, 'Refreshing through auth-api failed: no token is refreshed')
    }
    return error
  }

  return {
    async peek(given) {
      const attempt = begin(given)
      const peeked = await attempt.peek(
        () => post<typeof RenewalPeekData>('/peek', given, attempt.key, peekAnswer),
        ({ outcome }) => outcome === 'would_renew',
      )
      return peeked.outcome === 'would_renew' ? peeked : toRefusal(peeked)
    },
    async renew(given) {
      const attempt = begin(given)
      const renewed = await attempt.renew(
        () => post<typeof RenewalData>('', given, attempt.key, answer),
        ({ outcome }) => FINAL.has(outcome),
      )
      if (renewed.outcome !== 'renewed') return toRefusal(renewed)
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

function toRefusal(refused: Exclude<RenewalPeekData, { outcome: 'would_renew' }>): RenewalRefusal {
  return refused.outcome === 'rate_limited'
    ? { outcome: 'rate_limited', retryAfterSeconds: refused.retry_after_seconds }
    : { outcome: refused.outcome }
}
