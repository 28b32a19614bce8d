import { createHash } from 'node:crypto'
import type { ClientRequest } from '../client-request.ts'
import type { RenewalRequest } from '../renewal.ts'

const MAX_OPEN = 10_000
/**
 * Who lost an answer in the evening comes back the next morning. Longer would only serve whoever
 * finds an old token.
 */
const KEPT_MS = 86_400_000

type Attempt = {
  readonly key: string
  asking: number
  mayBeSpent: boolean
  settled: boolean
  atMs: number
}

/**
 * The `Idempotency-Key` under which a refresh token is renewed: one for all requests that carry the
 * token, from the first question until auth-api has said what became of it. Were it one for each,
 * the key that has spent the token could be forgotten for that of a request beside it, and the user
 * would look like a thief. Each request still asks by itself, within a deadline and as a client of
 * its own: auth-api gives all of them the same successor.
 */
export function createAttempts({
  createId,
  nowMs,
}: {
  createId: () => string
  nowMs: () => number
}) {
  const ofRequest = new WeakMap<ClientRequest, Attempt>()
  const open = new Map<string, Attempt>()

  /** The last one stands last, so that the oldest is found first. */
  function keep(token: string, attempt: Attempt): void {
    open.delete(token)
    for (const [oldest, { atMs }] of open) {
      if (open.size < MAX_OPEN && nowMs() - atMs <= KEPT_MS) break
      open.delete(oldest)
    }
    attempt.atMs = nowMs()
    open.set(token, attempt)
  }

  function find(token: string): Attempt {
    const known = open.get(token)
    if (known !== undefined && nowMs() - known.atMs <= KEPT_MS) return known
    const attempt = { key: createId(), asking: 0, mayBeSpent: false, settled: false, atMs: 0 }
    keep(token, attempt)
    return attempt
  }

  return ({ request, refreshToken }: RenewalRequest) => {
    const token = createHash('sha256').update(refreshToken).digest('base64url')
    const attempt = ofRequest.get(request) ?? find(token)
    ofRequest.set(request, attempt)
    const isKept = () => open.get(token) === attempt
    const drop = () => void (isKept() && open.delete(token))

    return {
      key: attempt.key,
      /**
       * Runs a peek. Tokens that nobody would renew, made up ones above all, leave nothing behind.
       */
      async foresee<Answer>(
        peek: () => Promise<Answer>,
        wouldRenew: (answer: Answer) => boolean,
      ): Promise<Answer> {
        attempt.asking += 1
        try {
          const answer = await peek()
          attempt.mayBeSpent ||= wouldRenew(answer)
          return answer
        } finally {
          attempt.asking -= 1
          if (attempt.asking === 0 && !attempt.mayBeSpent) drop()
        }
      },
      /** Runs a renewal. The key stays until `isFinal`: what throws may have been carried out. */
      async carryOut<Answer>(
        renew: () => Promise<Answer>,
        isFinal: (answer: Answer) => boolean,
      ): Promise<Answer> {
        attempt.mayBeSpent = true
        if (!attempt.settled && (isKept() || !open.has(token))) keep(token, attempt)
        const answer = await renew()
        if (isFinal(answer)) {
          attempt.settled = true
          drop()
        }
        return answer
      },
    }
  }
}
