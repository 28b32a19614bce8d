import type { Answer } from './create-caller.ts'

const LONGEST_WAIT_SECONDS = 30

/**
 * The same request again, after the time that the system asks for, until it gets an answer that is
 * no trouble and no limit.
 */
export async function patiently(
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
