import type { Pattern } from '@auto-refresh/contracts'
import {
  readAdminAddress,
  readEnvironment,
  readHost,
  readLogLevel,
  readRedisUrl,
  type Environment,
  type Limit,
} from '@auto-refresh/service-kit/config'

/** Older events are not counted, so no window may be longer: docs/decisions/0012. */
const MAX_WINDOW_SECONDS = 3600
/** A window stores what it counts. */
const MAX_POINTS = 1000

/** Reads the settings of the service. Throws a `ConfigError` that names every fault at once. */
export function parseThreatMonitorConfig(environment: Environment) {
  const env = readEnvironment(environment)
  const threshold = (name: string, fallback: `${number}/${number}`, describe: string) => {
    const value = env.limit(name, { default: fallback, section: 'patterns', describe })
    if (value !== 'off' && value.seconds > MAX_WINDOW_SECONDS)
      env.fault(`${name} must have a window of at most ${MAX_WINDOW_SECONDS} seconds`)
    if (value !== 'off' && value.points > MAX_POINTS)
      env.fault(`${name} must have a count of at most ${MAX_POINTS}`)
    return value
  }

  const url = env.url('SECURITY_WEBHOOK_URL', {
    protocols: ['https:', 'http:'],
    default: undefined,
    section: 'operations',
    describe: 'Receives each detected pattern, [signed](security-operations.md#the-webhook).',
    example: 'https://soc.example.com/hook',
  })
  const secret = env.webhookSecret('SECURITY_WEBHOOK_SECRET', {
    default: undefined,
    section: 'operations',
    describe: 'Its secret, from `echo "whsec_$(openssl rand -base64 32)"`. Set both or none.',
  })
  const consoleUrl = env.url('CONSOLE_URL', {
    protocols: ['https:', 'http:'],
    default: undefined,
    section: 'operations',
    describe:
      'URL of your pages about users and sessions. ' +
      'The webhook links to `CONSOLE_URL/sessions/<id>` or `CONSOLE_URL/users/<id>`.',
    example: 'https://admin.example.com',
  })
  if ((url === undefined) !== (secret === undefined))
    env.fault('SECURITY_WEBHOOK_URL and SECURITY_WEBHOOK_SECRET belong together; set both or none')

  return env.done({
    redisUrl: readRedisUrl(env),
    thresholds: {
      // One of these is enough to act on: a receiver that does not want it filters by pattern.
      reuse: { points: 1, seconds: 60 },
      shadow: { points: 1, seconds: 600 },
      replay_elsewhere: { points: 1, seconds: 600 },
      sign_in_after_reuse: { points: 1, seconds: 900 },
      refresh_velocity: threshold('THREAT_REFRESH_VELOCITY', '30/300', 'Rotations of a session.'),
      spraying: threshold(
        'THREAT_SPRAYING',
        '20/300',
        'Names with failed sign-ins from one network.',
      ),
      stuffing: threshold('THREAT_STUFFING', '6/600', 'Networks with failed sign-ins of one name.'),
      refusals: threshold(
        'THREAT_REFUSALS',
        '30/300',
        'Sessions with refused refresh tokens from one network; each forged token counts as one.',
      ),
      session_burst: threshold('THREAT_SESSION_BURST', '10/300', 'Sessions opened by one user.'),
    } satisfies Record<Pattern, Limit | 'off'>,
    webhook: url === undefined || secret === undefined ? undefined : { url, secret, consoleUrl },
  })
}
export type ThreatMonitorConfig = ReturnType<typeof parseThreatMonitorConfig>

/** Reads the settings of a separate process: standalone has one admin server for all services. */
export function parseThreatMonitorProcessConfig(environment: Environment) {
  const env = readEnvironment(environment)
  return env.done({
    admin: readAdminAddress(env, { host: readHost(env), port: 9104 }),
    logLevel: readLogLevel(env),
  })
}
