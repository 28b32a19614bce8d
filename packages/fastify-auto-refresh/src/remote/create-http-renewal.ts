import { createHash } from 'node:crypto'
import { CodedError, Envelope, HEADERS, RenewalData, RenewalPeekData, type RenewalBody } from '@auto-refresh/contracts'
import type { FastifyRequest } from 'fastify'
import type { Static, TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Refused, Renewal, RenewalRequest } from '../renewal.ts'
import type { Ask } from './ask.ts'

/** Every request is answered within 3 s, and the handler has not run yet. */
const DEADLINE_MS = 2000
const MAX_UNRESOLVED = 10_000

/**
 * Renewals by auth-api over HTTP, on behalf of the user whose request it is. Each carries an `Idempotency-Key`: a lost answer is
 * asked for again. Where it stays lost, the key is kept for the next request with the same refresh token, so that the
 * user, who never saw the successor, is not taken for a thief.
 */
export function createHttpRenewal({ url, key, ask, createId, nowMs, isAway }: {
  /** of `POST`; with `/peek` behind it of the question */
  url: string
  key: string
  ask: Ask
  createId: () => string
  nowMs: () => number
  /** auth-api is known to be away: nobody waits for its silence */
  isAway: () => boolean
}): Renewal {
  const attempts = new WeakMap<FastifyRequest, string>()
  const unresolved = new Map<string, string>()
  const peekAnswer = Compile(Envelope(RenewalPeekData))
  const answer = Compile(Envelope(RenewalData))

  function attemptOf({ request, refreshToken }: RenewalRequest): string {
    const attempt = attempts.get(request) ?? unresolved.get(digest(refreshToken)) ?? createId()
    attempts.set(request, attempt)
    return attempt
  }

  async function post<Data extends TSchema>(path: string, asked: RenewalRequest, checker: { Check(value: unknown): value is { data: Static<Data> } }): Promise<Static<Data>> {
    if (isAway()) throw new CodedError('unavailable', { cause: new Error('auth-api is away') })
    const { refreshToken, sessionId, request } = asked
    // over a unix socket there is none, whatever the type says
    const address: string | undefined = request.ip
    const client = { address: (address ?? '').slice(0, 64), agent: (request.headers['user-agent'] ?? '').slice(0, 1024) }
    const body: RenewalBody = { refresh_token: refreshToken, expected_session_id: sessionId, client }
    const headers = { authorization: `Bearer ${key}`, [HEADERS.idempotencyKey]: attemptOf(asked) }
    const answered = await ask({ url: `${url}${path}`, method: 'POST', headers, body, deadlineMs: DEADLINE_MS }).catch((cause: unknown) => {
      throw new CodedError('unavailable', { cause: new Error('auth-api did not answer', { cause }) })
    })
    if (answered.status === 200 && checker.Check(answered.body)) return answered.body.data
    const why = answered.status === 403 ? 'auth-api refuses the renewal key (RENEWAL_KEYS)' : `auth-api answered ${answered.status} to a renewal`
    throw new CodedError('unavailable', { cause: new Error(why) })
  }

  return {
    async peek(asked) {
      const peeked = await post<typeof RenewalPeekData>('/peek', asked, peekAnswer)
      return peeked.outcome === 'would_renew' ? peeked : toRefused(peeked)
    },
    async renew(asked) {
      const token = digest(asked.refreshToken)
      try {
        const renewed = await post<typeof RenewalData>('', asked, answer)
        unresolved.delete(token)
        if (renewed.outcome !== 'renewed') return toRefused(renewed)
        const idleUntilMs = nowMs() + renewed.refresh_expires_in * 1000
        return { outcome: 'renewed', accessToken: renewed.access_token, refreshToken: renewed.refresh_token, idleUntilMs }
      } catch (error) {
        if (unresolved.size < MAX_UNRESOLVED) unresolved.set(token, attemptOf(asked))
        throw error
      }
    },
  }
}

const digest = (token: string) => createHash('sha256').update(token).digest('base64url')

function toRefused(refused: Exclude<RenewalPeekData, { outcome: 'would_renew' }>): Refused {
  return refused.outcome === 'rate_limited' ? { outcome: 'rate_limited', retryAfterSeconds: refused.retry_after_seconds } : { outcome: refused.outcome }
}
