import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { DEMO_PASSWORD } from '@auto-refresh/auth-api'
import { ATTACKS, type AttackName } from './attacks.ts'
import { playHonestUser, type Tally } from './play-honest-user.ts'

export type Drill = Readonly<{
  url: string
  username: string
  /** read the password from standard input; otherwise it is the demo user's */
  passwordStdin?: boolean
  /** number of honest sessions */
  sessions: number
  /** duration; 0: until Ctrl-C */
  seconds: number
  graceSeconds: number
  attack?: AttackName
}>

/** Plays honest users and, if given, an attack. Throws if the system cannot be used. */
export async function playDrill({
  url,
  username,
  passwordStdin = false,
  sessions,
  seconds,
  graceSeconds,
  attack,
}: Drill): Promise<void> {
  const password = passwordStdin ? (await text(process.stdin)).replace(/\r?\n$/, '') : DEMO_PASSWORD
  const say = (line: string) => process.stdout.write(`${new Date().toISOString()}  ${line}\n`)
  const over = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => over.abort())
  const wait = (s: number) => delay(1000 * s, undefined, { signal: over.signal })

  await fetch(url).catch((error: unknown) => {
    throw new Error(`No server responds at ${url}`, { cause: error })
  })
  const tally: Tally = { requests: 0, refreshes: 0, signIns: 0, refused: 0 }
  const honest = Array.from({ length: sessions }, (_, i) =>
    playHonestUser({ number: i + 1, url, username, password, tally, wait }).catch(
      (error: unknown) => {
        if (over.signal.aborted) return
        over.abort()
        throw error
      },
    ),
  )
  say(`${sessions} honest sessions of ${username} play against ${url}`)
  const attacking =
    attack === undefined
      ? Promise.resolve()
      : ATTACKS[attack].play({ url, username, password, graceSeconds, say, wait })
  const ending = Promise.all([
    attacking,
    seconds > 0 || attack !== undefined ? wait(seconds) : wait(86_400),
  ])
  await ending
    .catch((error: unknown) => {
      if (!over.signal.aborted) throw error
    })
    .finally(() => over.abort())
  await Promise.all(honest)
  if (attack !== undefined) say(`Played ${attack}. Expect ${ATTACKS[attack].expect}`)
  say(
    `Honest users: ${tally.signIns} sign-ins, ${tally.requests} requests, ` +
      `${tally.refreshes} refreshes, ${tally.refused} refused`,
  )
}
