import { createHash } from 'node:crypto'
import type { ClientRequest } from '../client-request.ts'
import type { RenewalRequest } from '../renewal.ts'

const MAX_OPEN = 10_000
/**
 * A user who lost an answer in the evening may return the next morning. Longer would only help
 * someone who finds an old token.
 */
const KEPT_MS = 86_400_000

type Attempt = {
  readonly key: string
  openPeeks: number
  mayBeRotated: boolean
  settled: boolean
  atMs: number
}

/**
 * Assigns the `Idempotency-Key` for refreshing a token. All requests with the same token share one
 * key, from the first peek until auth-api has given a final answer. With a key for each request,
 * the key that rotated the token could be dropped in favour of another request's, and the user
 * would look like a thief. Each request still calls auth-api on its own, with its own deadline and
 * client: auth-api returns the same successor to all of them.
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

  /** Keeps the map in the order of use, so that the oldest entry is first. */
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
    const attempt = { key: createId(), openPeeks: 0, mayBeRotated: false, settled: false, atMs: 0 }
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
      /** Runs a peek. Tokens that would not be refreshed, such as made-up ones, are not kept. */
      async peek<Answer>(
        send: () => Promise<Answer>,
        wouldRenew: (answer: Answer) => boolean,
      ): Promise<Answer> {
        attempt.openPeeks += 1
        try {
          const answer = await send()
          attempt.mayBeRotated ||= wouldRenew(answer)
          return answer
        } finally {
          attempt.openPeeks -= 1
          if (attempt.openPeeks === 0 && !attempt.mayBeRotated) drop()
        }
      },
      /**
       * Runs a refresh. The key is kept until `isFinal`: a call that failed may have been carried
       * out.
       */
      async renew<Answer>(
        send: () => Promise<Answer>,
        isFinal: (answer: Answer) => boolean,
      ): Promise<Answer> {
        attempt.mayBeRotated = true
        if (!attempt.settled && (isKept() || !open.has(token))) keep(token, attempt)
        const answer = await send()
        if (isFinal(answer)) {
          attempt.settled = true
          drop()
        }
        return answer
      },
    }
  }
}
