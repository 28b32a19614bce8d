import type { Answer } from './create-caller.ts'

const LONGEST_WAIT_SECONDS = 30

/**
 * Repeats the request after the wait that the system asks for, until the answer is neither an
 * internal error nor a rate limit.
 */
export async function retryWhileBusy(
  wait: (seconds: number) => Promise<void>,
  request: () => Promise<Answer>,
): Promise<Answer> {
  for (;;) {
    const answer = await request().catch(() => undefined)
    if (answer !== undefined && answer.status < 500 && answer.status !== 429) return answer
    await wait(
      Math.min(LONGEST_WAIT_SECONDS, Number(answer?.headers['retry-after']) || 1) *
        (1 + Math.random()),
    )
  }
}
