import { InvalidArgumentError, Option, type Command } from 'commander'
import { ATTACKS } from './drill/attacks.ts'
import { playDrill, type Drill } from './drill/play-drill.ts'

const ATTACK_LIST = Object.entries(ATTACKS)
  .map(([name, { does }]) => `  ${name.padEnd(10)}${does}`)
  .join('\n')
const AFTER_HELP = `
Attacks:
${ATTACK_LIST}

On a loopback URL each attacker uses its own address 127.x.0.1 (Linux). Elsewhere it can only claim
addresses, with X-Forwarded-For, which counts where TRUSTED_PROXIES names the machine that plays.`

/** `play` runs the drill. */
export function defineDrill(
  command: Command,
  _readSettings: unknown,
  play: (drill: Drill) => Promise<void> = playDrill,
): void {
  command
    .description(
      'Plays honest users and, with --attack, an attack against a running system, to test dashboards and alerts. ' +
        'It signs in as one user, ends only its own sessions, and tries only user names ' +
        'that begin with "drill-".',
    )
    .addOption(new Option('--attack <name>', 'attack to play').choices(Object.keys(ATTACKS)))
    .option('--url <url>', 'URL of the API', toHttpUrl, 'http://localhost:8000')
    .option('--username <name>', 'user who signs in', 'admin')
    .option('--password-stdin', "read the password from standard input; default: the demo user's")
    .option('--sessions <n>', 'number of honest sessions', toCount, 4)
    .option(
      '--seconds <n>',
      'duration; 0: until Ctrl-C. An attack always runs to its end',
      toCount,
      30,
    )
    .option(
      '--grace-seconds <n>',
      "the system's REFRESH_GRACE_SECONDS; a reuse must wait for its end",
      toCount,
      60,
    )
    .addHelpText('after', AFTER_HELP)
    .action((drill: Drill) => play(drill))
}

function toHttpUrl(value: string): string {
  if (URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)) return value
  throw new InvalidArgumentError('It takes an http or https URL.')
}

function toCount(value: string): number {
  if (/^\d{1,4}$/.test(value)) return Number(value)
  throw new InvalidArgumentError('It takes a whole number from 0 to 9999.')
}
