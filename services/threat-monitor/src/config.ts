import { readEnvironment, type Environment, type Limit } from '@auto-refresh/service-kit/config'
import type { Pattern } from '@auto-refresh/contracts'

/** What is older is not counted, so no window may be longer; see docs/decisions/0012. */
const MAX_WINDOW_SECONDS = 3600
/** A window keeps what it counts. */
const MAX_POINTS = 1000

/**
 * What the service needs to know, from the environment alone. Throws a `ConfigError` that names
 * every fault at once.
 */
export function parseThreatMonitorConfig(environment: Environment) {
  const env = readEnvironment(environment)
  const threshold = (name: string, fallback: `${number}/${number}`) => {
    const value = env.limit(name, { default: fallback })
    if (value !== 'off' && value.seconds > MAX_WINDOW_SECONDS)
      env.fault(`${name} has a window longer than ${MAX_WINDOW_SECONDS} seconds`)
    if (value !== 'off' && value.points > MAX_POINTS)
      env.fault(`${name} counts to more than ${MAX_POINTS}`)
    return value
  }

  const url = env.url('SECURITY_WEBHOOK_URL', {
    protocols: ['https:', 'http:'],
    default: undefined,
  })
  const secret = env.webhookSecret('SECURITY_WEBHOOK_SECRET', { default: undefined })
  if ((url === undefined) !== (secret === undefined))
    env.fault('SECURITY_WEBHOOK_URL and SECURITY_WEBHOOK_SECRET belong together; set both or none')

  return env.done({
    redisUrl: env.url('REDIS_URL', { protocols: ['redis:', 'rediss:'], default: undefined }),
    thresholds: {
      reuse: threshold('THREAT_REUSE', '1/60'),
      shadow: threshold('THREAT_SHADOW', '1/600'),
      replay_elsewhere: threshold('THREAT_REPLAY_ELSEWHERE', '1/600'),
      refresh_velocity: threshold('THREAT_REFRESH_VELOCITY', '30/300'),
      spraying: threshold('THREAT_SPRAYING', '20/300'),
      stuffing: threshold('THREAT_STUFFING', '6/600'),
      refusals: threshold('THREAT_REFUSALS', '30/300'),
      session_burst: threshold('THREAT_SESSION_BURST', '10/300'),
      sign_in_after_reuse: threshold('THREAT_SIGN_IN_AFTER_REUSE', '1/900'),
    } satisfies Record<Pattern, Limit | 'off'>,
    webhook: url === undefined || secret === undefined ? undefined : { url, secret },
  })
}
export type ThreatMonitorConfig = ReturnType<typeof parseThreatMonitorConfig>

/** What only the process of its own needs: standalone has one admin server for all. */
export function parseThreatMonitorProcessConfig(environment: Environment) {
  const env = readEnvironment(environment)
  return env.done({
    admin: env.address(
      { host: 'ADMIN_HOST', port: 'ADMIN_PORT' },
      { host: env.host('HOST', { default: '127.0.0.1' }), port: 9104 },
    ),
    logLevel: env.oneOf(
      'LOG_LEVEL',
      ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
      { default: 'info' },
    ),
  })
}
