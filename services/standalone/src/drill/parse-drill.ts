import { parseArgs } from 'node:util'
import { ATTACKS, isAttack, type AttackName } from './attacks.ts'

export type Drill = Readonly<{
  action: 'play'
  url: string
  username: string
  /** from standard input; otherwise the demo user's */
  passwordFromStdin: boolean
  sessions: number
  /** 0: until Ctrl-C */
  seconds: number
  graceSeconds: number
  attack: AttackName | undefined
}>

export const USAGE = `Usage: npm run drill -- [options]

Plays honest users against a running system and, when told, an attack, so that dashboards and alerts move before a thief moves them.
It signs in as one user, harms no session but its own, and tries only names that begin with "drill-".

  --attack <name>       ${Object.entries(ATTACKS)
    .map(([name, { does }]) => `${name.padEnd(10)}${does}`)
    .join('\n                        ')}
  --url <url>           where the API is (http://localhost:8000)
  --username <name>     who signs in (admin)
  --password-stdin      reads the password from standard input; without it that of the demo user
  --sessions <n>        honest sessions (4)
  --seconds <n>         how long; 0 means until Ctrl-C (30; an attack is played to its end in any case)
  --grace-seconds <n>   the system's REFRESH_GRACE_SECONDS (60); a reuse must wait for its end
  --help                shows this text

Addresses: on a loopback URL each attacker calls from a 127.x.0.1 of its own (Linux). Elsewhere it can only claim them, with
X-Forwarded-For, which counts where TRUSTED_PROXIES names the machine that plays.
`

/** The drill of an argument list, or a sentence that says what is wrong with it. */
export function parseDrill(
  args: readonly string[],
): Drill | { action: 'help' } | { action: 'wrong'; why: string } {
  const values = parseSafely(args)
  if (values instanceof Error) return wrong(values.message.split('. ', 1)[0] ?? '')
  if (values.help === true) return { action: 'help' }
  const { attack, url, username } = values
  if (attack !== undefined && !isAttack(attack))
    return wrong(`${attack} is not an attack; there are ${Object.keys(ATTACKS).join(', ')}`)
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    return wrong('--url takes an http or https URL')
  for (const name of ['sessions', 'seconds', 'grace-seconds'] as const) {
    if (!/^\d{1,4}$/.test(values[name]))
      return wrong(`--${name} takes a whole number from 0 to 9999`)
  }
  const [sessions, seconds, graceSeconds] = [
    Number(values.sessions),
    Number(values.seconds),
    Number(values['grace-seconds']),
  ]
  return {
    action: 'play',
    url,
    username,
    passwordFromStdin: values['password-stdin'] === true,
    sessions,
    seconds,
    graceSeconds,
    attack,
  }
}

function parseSafely(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        attack: { type: 'string' },
        url: { type: 'string', default: 'http://localhost:8000' },
        username: { type: 'string', default: 'admin' },
        'password-stdin': { type: 'boolean' },
        sessions: { type: 'string', default: '4' },
        seconds: { type: 'string', default: '30' },
        'grace-seconds': { type: 'string', default: '60' },
        help: { type: 'boolean', short: 'h' },
      },
    })
    return values
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

const wrong = (why: string) => ({ action: 'wrong' as const, why })
