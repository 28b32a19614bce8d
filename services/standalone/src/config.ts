import { resolve } from 'node:path'
import { DEMO_PASSWORD, parseAuthApiConfig, refusePassword } from '@auto-refresh/auth-api'
import { parseCleanupWorkerConfig } from '@auto-refresh/cleanup-worker'
import {
  parseTogether,
  parseTraceSettings,
  readEnvironment,
  type Environment,
} from '@auto-refresh/service-kit/config'
import { LOG_LEVELS } from '@auto-refresh/service-kit/telemetry'
import { parseThreatMonitorConfig } from '@auto-refresh/threat-monitor'
import { parseTokenStoreConfig } from '@auto-refresh/token-store'
import { generateKeys, type Keys } from './generated-keys.ts'
import { findDataDirFault } from './make-data-dir.ts'
import { findSettingsForOthers } from './find-settings-for-others.ts'

/**
 * What standalone itself needs to know. Throws a `ConfigError` that names every fault of it and of
 * all services at once.
 */
export function parseStandaloneConfig(environment: Environment) {
  const placeholder = { keys: generateKeys(), databaseUrl: 'postgres://127.0.0.1/' }
  const { standalone, traces } = parseTogether({
    standalone: () => parseOwn(environment),
    traces: () => parseTraceSettings(environment),
    services: () => parseServiceConfigs(environment, placeholder),
  })
  return { ...standalone, traces }
}
export type StandaloneConfig = ReturnType<typeof parseStandaloneConfig>

/**
 * The services' own settings, where keys and database are what the environment says, or else ours.
 */
export function parseServiceConfigs(
  environment: Environment,
  { keys, databaseUrl }: { keys: Keys; databaseUrl: string },
) {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''))
  const complete: Environment = { DATABASE_URL: databaseUrl, ...keys, ...given }
  return parseTogether({
    tokenStore: () => parseTokenStoreConfig(complete),
    authApi: () => parseAuthApiConfig(complete),
    cleanupWorker: () => parseCleanupWorkerConfig(complete),
    threatMonitor: () => parseThreatMonitorConfig(complete),
  })
}
export type ServiceConfigs = ReturnType<typeof parseServiceConfigs>

function parseOwn(environment: Environment) {
  const env = readEnvironment(environment)
  const { host, port } = env.address(
    { host: 'HOST', port: 'PORT' },
    { host: '127.0.0.1', port: 8000 },
  )
  const isProduction = environment['NODE_ENV'] === 'production'
  const forOthers = [
    ...(isProduction ? ['NODE_ENV'] : []),
    ...findSettingsForOthers(environment, host),
  ]
  const isOpen = forOthers.length > 0
  const demoPassword = env.string('DEMO_USER_PASSWORD', {
    default: isOpen ? undefined : DEMO_PASSWORD,
  })
  if (isOpen && demoPassword === DEMO_PASSWORD)
    env.fault(
      `DEMO_USER_PASSWORD is the one that everybody knows, and ${forOthers.join(', ')} let others sign in; choose another`,
    )
  else if (demoPassword !== undefined && demoPassword !== DEMO_PASSWORD) {
    const reason = refusePassword(demoPassword, 'admin')
    if (reason !== undefined) env.fault(`DEMO_USER_PASSWORD is refused: ${reason}`)
  }
  const dataDir = resolve(env.string('DATA_DIR', { default: 'data' }))
  const dataDirFault = findDataDirFault(dataDir)
  if (dataDirFault !== undefined) env.fault(dataDirFault)
  return env.done({
    host,
    port,
    admin: env.address({ host: 'ADMIN_HOST', port: 'ADMIN_PORT' }, { host, port: 9101 }),
    dataDir,
    /** absent: the embedded Postgres */
    databaseUrl: env.url('DATABASE_URL', {
      protocols: ['postgres:', 'postgresql:'],
      default: undefined,
    }),
    logLevel: env.oneOf('LOG_LEVEL', LOG_LEVELS, { default: 'info' }),
    /**
     * absent: no demo user, because others than this machine could use a password that everybody
     * knows
     */
    demoPassword,
    /** who gets the page at `/`, on which one signs in and steals tokens */
    playground: toPlayground(env.boolean('PLAYGROUND', { default: undefined }), isOpen),
    /**
     * whether the password that everybody knows opens the demo user's account; one that was made
     * before stays shut otherwise
     */
    allowDemoPassword: !isOpen,
  })
}

function toPlayground(
  asked: boolean | undefined,
  isOpen: boolean,
): 'off' | 'this machine' | 'everybody' {
  if (asked === undefined) return isOpen ? 'off' : 'this machine'
  return asked ? 'everybody' : 'off'
}
