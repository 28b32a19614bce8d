import { createCaller, type Answer, type Pair } from './create-caller.ts'
import { retryWhileBusy } from './retry-while-busy.ts'
import { signIn } from './sign-in.ts'

export type Tally = { requests: number; refreshes: number; signIns: number; refused: number }

/**
 * Signs in, sends requests, refreshes, and sometimes signs out and in again, until `wait` rejects.
 * Waits and retries when the system asks for it; counts a refusal and signs in again, as a person
 * would.
 */
export async function playHonestUser({
  number,
  url,
  username,
  password,
  tally,
  wait,
}: {
  number: number
  url: string
  username: string
  password: string
  tally: Tally
  /** rejects when the drill ends */
  wait(seconds: number): Promise<void>
}): Promise<void> {
  const caller = createCaller({ url, agent: `drill-browser-${number}/1.0` })
  let live: Pair | undefined

  try {
    await wait(3 * Math.random() * number)
    for (;;) {
      let pair = (live = await signIn(caller, { username, password, wait }))
      tally.signIns += 1
      for (let step = 0, steps = 8 + 8 * Math.random(); step < steps; step += 1) {
        await wait(1 + 3 * Math.random())
        const answer = await retryWhileBusy(wait, () =>
          step % 4 === 3 ? caller.refresh(pair.refresh) : caller.me(pair),
        )
        tally.requests += 1
        if (answer.status === 401) {
          tally.refused += 1
          break
        }
        const renewed = toRenewed(answer)
        if (renewed !== undefined) tally.refreshes += 1
        pair = live = renewed ?? pair
      }
      await retryWhileBusy(wait, () => caller.signOut(pair.refresh))
      live = undefined
    }
  } finally {
    if (live !== undefined) await caller.signOut(live.refresh).catch(() => {})
    await caller.close()
  }
}

/** A new pair is in the body of a refresh, or in the headers of any other answer. */
function toRenewed({ data, headers }: Answer): Pair | undefined {
  const [access, refresh] =
    typeof data['access_token'] === 'string'
      ? [data['access_token'], data['refresh_token']]
      : [headers['x-new-access-token'], headers['x-new-refresh-token']]
  return typeof access === 'string' && typeof refresh === 'string' ? { access, refresh } : undefined
}
