import { createCaller, toPair, type Answer, type Caller } from './create-caller.ts'
import { retryWhileBusy } from './retry-while-busy.ts'
import { signIn } from './sign-in.ts'

/** What an attack needs. `wait` rejects when the drill is stopped. */
type Scene = Readonly<{
  url: string
  username: string
  password: string
  graceSeconds: number
  say(line: string): void
  wait(seconds: number): Promise<void>
}>

const THIEF = 'drill-thief/1.0'
const VICTIM = 'drill-victim/1.0'
/** No such user exists; an unknown user is rejected like a known one. */
const TRIED_USER = 'drill-victim'
const TRIES = 30

/** For each attack: what it does, the patterns and alerts that must detect it, and its steps. */
export const ATTACKS = {
  reuse: {
    does: 'a stolen refresh token is used after its window',
    expect: 'the alert RefreshTokenReused, the pattern `reuse`, a notice to the user',
    async play(scene) {
      await withCallers(scene, async ({ victim, thief }) => {
        const { refresh: stolen } = await signIn(victim, scene)
        toPair(await retryWhileBusy(scene.wait, () => victim.refresh(stolen)))
        scene.say(
          `A token is stolen and superseded; its window of ${scene.graceSeconds} s must end first`,
        )
        await scene.wait(scene.graceSeconds + 1)
        const answer = await retryWhileBusy(scene.wait, () => thief.refresh(stolen))
        scene.say(`The stolen token was presented: ${answer.status} ${answer.code ?? ''}`)
        if (answer.code !== 'refresh_token_reused')
          throw new Error(
            'The token was not detected as reused: does --grace-seconds match the system?',
          )
      })
    },
  },
  replay: {
    does: 'a thief follows each refresh of the victim from elsewhere',
    expect:
      'the alerts ReplaySuspected and ShadowSuspected, the patterns `shadow` and `replay_elsewhere`',
    async play(scene) {
      await withCallers(scene, async ({ victim, thief }) => {
        let { refresh } = await signIn(victim, scene)
        for (let round = 1; round <= 6; round += 1) {
          const stolen = refresh
          ;({ refresh } = toPair(await retryWhileBusy(scene.wait, () => victim.refresh(stolen))))
          await scene.wait(0.5)
          const answer = await retryWhileBusy(scene.wait, () => thief.refresh(stolen))
          scene.say(`Replay ${round} of 6 from elsewhere: ${answer.status} ${answer.code ?? ''}`)
        }
      })
    },
  },
  velocity: {
    does: 'one session is refreshed far more often than any client needs',
    expect: 'the alert RefreshVelocity, the pattern `refresh_velocity`',
    async play(scene) {
      await withCallers(scene, async ({ victim }) => {
        let { refresh } = await signIn(victim, scene)
        let refreshes = 0
        for (let n = 0; n < 3 * TRIES; n += 1) {
          const answer = await victim.refresh(refresh)
          if (answer.status === 200) {
            ;({ refresh } = toPair(answer))
            refreshes += 1
          }
          await scene.wait(0.1)
        }
        scene.say(`One session was refreshed ${refreshes} times`)
      })
    },
  },
  spraying: {
    does: 'one address tries one password on many users',
    expect: 'the alert PasswordSpraying, the pattern `spraying`',
    async play(scene) {
      const caller = createCaller({ url: scene.url, agent: THIEF, place: 77 })
      const answers = new Map<string, number>()
      for (let n = 0; n < TRIES; n += 1)
        count(answers, await caller.signIn(`drill-user-${n}`, 'Password1'))
      await caller.close()
      scene.say(`One address tried ${TRIES} users: ${toText(answers)}`)
    },
  },
  stuffing: {
    does: 'many addresses try one user',
    expect: 'the alert CredentialStuffing, the pattern `stuffing`',
    async play(scene) {
      const answers = new Map<string, number>()
      for (let place = 1; place <= TRIES; place += 1) {
        const caller = createCaller({ url: scene.url, agent: THIEF, place })
        count(answers, await caller.signIn(TRIED_USER, `Password${place}`))
        await caller.close()
      }
      scene.say(`${TRIES} networks tried one user: ${toText(answers)}`)
    },
  },
} as const satisfies Record<
  string,
  { does: string; expect: string; play(scene: Scene): Promise<void> }
>

export type AttackName = keyof typeof ATTACKS

async function withCallers(
  { url }: Scene,
  play: (callers: { victim: Caller; thief: Caller }) => Promise<void>,
): Promise<void> {
  const callers = {
    victim: createCaller({ url, agent: VICTIM }),
    thief: createCaller({ url, agent: THIEF, place: 66 }),
  }
  try {
    await play(callers)
  } finally {
    await Promise.all([callers.victim.close(), callers.thief.close()])
  }
}

const count = (answers: Map<string, number>, { code = 'ok' }: Answer) =>
  answers.set(code, (answers.get(code) ?? 0) + 1)
const toText = (answers: ReadonlyMap<string, number>) =>
  [...answers].map(([code, times]) => `${times} ${code}`).join(', ')
