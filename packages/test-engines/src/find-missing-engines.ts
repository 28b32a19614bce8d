import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { chromiumPath } from './chromium-path.ts'
import { findNode20 } from './find-node20.ts'
import { hasPreviousRelease } from './previous-release/previous-release.ts'

export type MissingEngine = Readonly<{
  engine:
    | 'root'
    | 'kafka'
    | 'redis'
    | 'prometheus'
    | 'browser'
    | 'python'
    | 'proxies'
    | 'nginx'
    | 'pgbouncer'
    | 'curl'
    | 'node20'
    | 'release'
  why: string
}>

/**
 * Returns the engines that this machine lacks for tests, with the reason: their test files
 * (`x.kafka.int.test.ts`) are skipped and listed at the end of `npm test`. It starts no engine. In
 * CI only root is reported missing: what cannot start must fail there.
 */
export function findMissingEngines(environment: NodeJS.ProcessEnv): MissingEngine[] {
  const isOnPath = (...names: string[]) =>
    (environment['PATH'] ?? '')
      .split(delimiter)
      .some((folder) => names.some((name) => existsSync(join(folder, name))))
  const isGiven = (name: string) => (environment[name] ?? '') !== ''
  const missing: MissingEngine[] = []
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    missing.push({
      engine: 'root',
      why: 'no root on Linux: run npm test as root, to see that Postgres then runs as another user',
    })
  }
  if (environment['CI'] === 'true') return missing
  const hasDocker = isGiven('DOCKER_HOST') || existsSync('/var/run/docker.sock')
  if (!hasDocker && !isGiven('TEST_KAFKA_BROKERS') && !(isOnPath('java') && isOnPath('mvn'))) {
    missing.push({
      engine: 'kafka',
      why: 'no Kafka: set TEST_KAFKA_BROKERS, start Docker, or install Java 17 and Maven',
    })
  }
  if (
    !hasDocker &&
    !isGiven('TEST_REDIS_URL') &&
    !isOnPath('redis-server', 'valkey-server', 'mvn')
  ) {
    missing.push({
      engine: 'redis',
      why: 'no Redis: set TEST_REDIS_URL, start Docker, or install redis-server',
    })
  }
  if (!isOnPath('promtool') || !isOnPath('amtool')) {
    missing.push({
      engine: 'prometheus',
      why: 'no promtool and amtool: install Prometheus and Alertmanager (Debian: prometheus prometheus-alertmanager)',
    })
  }
  if (!existsSync(chromiumPath(environment))) {
    missing.push({
      engine: 'browser',
      why: 'no browser: install Chromium, or set TEST_CHROMIUM to its path',
    })
  }
  if (
    !isOnPath('python3') ||
    spawnSync('python3', ['-c', 'import ensurepip'], { env: environment }).status !== 0
  ) {
    missing.push({
      engine: 'python',
      why: 'no Python: install python3 with venv and pip (Debian: python3-venv)',
    })
  }
  if (!isOnPath('nginx') || !isOnPath('caddy') || !isOnPath('haproxy')) {
    missing.push({
      engine: 'proxies',
      why: 'no nginx, Caddy and HAProxy: install them (Debian: nginx-light caddy haproxy)',
    })
  }
  if (!isOnPath('nginx')) {
    missing.push({ engine: 'nginx', why: 'no nginx: install it (Debian: nginx-light)' })
  }
  if (!isOnPath('pgbouncer') && !existsSync('/usr/sbin/pgbouncer')) {
    missing.push({ engine: 'pgbouncer', why: 'no PgBouncer: install it (Debian: pgbouncer)' })
  }
  if (!isOnPath('curl') || !isOnPath('bash')) {
    missing.push({ engine: 'curl', why: 'no curl and bash: install them (Debian: curl bash)' })
  }
  if (findNode20(environment) === undefined) {
    missing.push({
      engine: 'node20',
      why: 'no Node 20.19: put one on the PATH, or set TEST_NODE_20 to its executable',
    })
  }
  if (!hasPreviousRelease(environment)) {
    missing.push({
      engine: 'release',
      why: 'no code of the previous release: install git, and clone with the history (git fetch --unshallow)',
    })
  }
  return missing
}
