import { resolve } from 'node:path'
import { DEMO_PASSWORD, parseAuthApiConfig, refusePassword } from '@auto-refresh/auth-api'
import { parseCleanupWorkerConfig } from '@auto-refresh/cleanup-worker'
import {
  parseTogether,
  parseTraceSettings,
  readAdminAddress,
  readEnvironment,
  readHttpAddress,
  readLogLevel,
  readNodeEnv,
  readOptionalDatabaseUrl,
  type Environment,
} from '@auto-refresh/service-kit/config'
import { parseThreatMonitorConfig } from '@auto-refresh/threat-monitor'
import { parseTokenStoreConfig } from '@auto-refresh/token-store'
import { generateKeys, type Keys } from './generated-keys.ts'
import { findDataDirFault } from './make-data-dir.ts'
import { findSettingsForOthers } from './find-settings-for-others.ts'

/**
 * Reads the settings of standalone itself. Throws a `ConfigError` that names every fault at once,
 * those of all services included.
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
 * Reads the settings of the services; `keys` and `databaseUrl` are used where the environment has
 * none.
 */
export function parseServiceConfigs(
  environment: Environment,
  { keys, databaseUrl }: { keys: Keys; databaseUrl: string },
) {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''))
  const complete: Environment = { DATABASE_URL: databaseUrl, ...keys, ...given }
  return parseTogether({
    tokenStore: () => parseTokenStoreConfig(complete),
    authApi: () => parseAuthApiConfig(complete, { issuerFollowsPort: true }),
    cleanupWorker: () => parseCleanupWorkerConfig(complete),
    threatMonitor: () => parseThreatMonitorConfig(complete),
  })
}
export type ServiceConfigs = ReturnType<typeof parseServiceConfigs>

function parseOwn(environment: Environment) {
  const env = readEnvironment(environment)
  const { host, port } = readHttpAddress(env, 8000)
  const isProduction = readNodeEnv(env) === 'production'
  const forOthers = [
    ...(isProduction ? ['NODE_ENV'] : []),
    ...findSettingsForOthers(environment, host),
  ]
  const isOpen = forOthers.length > 0
  const demoPassword = env.string('DEMO_USER_PASSWORD', {
    default: isOpen ? undefined : DEMO_PASSWORD,
    section: 'standalone',
    describe:
      'Password of the demo user `admin`. The default works [only from this machine](#a-proxy-in-front-of-npm-start).',
    unset: '`password`',
  })
  if (isOpen && demoPassword === DEMO_PASSWORD)
    env.fault(
      `DEMO_USER_PASSWORD must not be the well-known default, because ${forOthers.join(', ')} ` +
        'let others sign in; choose another',
    )
  else if (demoPassword !== undefined && demoPassword !== DEMO_PASSWORD) {
    const reason = refusePassword(demoPassword, 'admin')
    if (reason !== undefined) env.fault(`DEMO_USER_PASSWORD is refused: ${reason}`)
  }
  const dataDir = resolve(
    env.string('DATA_DIR', {
      default: 'data',
      section: 'standalone',
      describe: 'Folder of the database and the generated keys, for one process at a time.',
    }),
  )
  const dataDirFault = findDataDirFault(dataDir)
  if (dataDirFault !== undefined) env.fault(dataDirFault)
  return env.done({
    host,
    port,
    admin: readAdminAddress(env, { host, port: 9101 }),
    dataDir,
    /** `undefined`: the embedded Postgres. */
    databaseUrl: readOptionalDatabaseUrl(env),
    logLevel: readLogLevel(env),
    /** `undefined`: no demo user, because others could sign in with the well-known default. */
    demoPassword,
    /** Who gets the demo page at `/`. */
    playground: toPlayground(
      env.boolean('PLAYGROUND', {
        default: undefined,
        section: 'standalone',
        describe:
          'The demo page at `/`. The default follows the rules of the demo password; ' +
          '`true` shows the page to everybody.',
        unset: '`true` on this machine',
      }),
      isOpen,
    ),
    /** Whether the well-known default opens an existing account of the demo user. */
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
