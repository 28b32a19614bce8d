import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from '@auto-refresh/test-engines'
import { runOperation } from './harness/run-operation.ts'
import { startAlertReceiver } from './harness/start-alert-receiver.ts'
import { startPrometheus } from './harness/start-prometheus.ts'
import { REPOSITORY } from './harness/start-standalone.ts'
import { startSystemApart, type SystemApart } from './harness/start-system-apart.ts'

const WINDOW_SECONDS = 15
/** Time in which the processes stalled does not count towards the window. */
const LONG_AFTER_SECONDS = WINDOW_SECONDS + 7
/**
 * Each attack of `npm run drill` with the alerts that it must raise, and the receiver that must get
 * them.
 */
const ATTACKS = {
  reuse: { RefreshTokenReused: '/security/ticket' },
  replay: { ReplaySuspected: '/security/ticket', ShadowSuspected: '/security/page' },
  velocity: { RefreshVelocity: '/security/ticket' },
  spraying: { PasswordSpraying: '/security/page' },
  stuffing: { CredentialStuffing: '/security/page' },
} as const

let system: SystemApart
let receiver: Awaited<ReturnType<typeof startAlertReceiver>>
let prometheus: Awaited<ReturnType<typeof startPrometheus>>

beforeAll(async () => {
  receiver = await startAlertReceiver()
  system = await startSystemApart({ REFRESH_GRACE_SECONDS: String(WINDOW_SECONDS) })
  const adminUrls = (services: readonly { adminUrl: string }[]) =>
    services.map((service) => service.adminUrl)
  prometheus = await startPrometheus({
    jobs: {
      'auth-api': adminUrls(system.apis),
      'token-store': adminUrls(system.stores),
      'cleanup-worker': adminUrls(system.workers),
      'threat-monitor': adminUrls(system.monitors),
    },
    notifyUrl: receiver.url,
  })
  await eventually(async () => (await prometheus.query('up == 1')).length === 7, 90_000)
})
afterAll(async () => {
  await prometheus.stop()
  await system.stop()
  await receiver.stop()
})

const isFiring = async (alert: string) =>
  (await prometheus.query(`ALERTS{alertname="${alert}", alertstate="firing"}`)).length > 0
const drill = (attack: string) =>
  runOperation('drill', {
    args: [
      '--attack',
      attack,
      '--url',
      system.urlOf(0),
      '--username',
      'ayu',
      '--password-stdin',
      '--grace-seconds',
      String(LONG_AFTER_SECONDS),
      '--sessions',
      '1',
      '--seconds',
      '20',
    ],
    input: 'correct horse battery',
    env: {},
  })

test('each attack of the drill fires its alerts, and they reach the right team', async () => {
  expect(await prometheus.query('ALERTS{team="security"}')).toEqual([])
  const drills = await Promise.all(Object.keys(ATTACKS).map(drill))
  expect(drills.map(({ code, output }) => (code === 0 ? 'played' : output))).toEqual(
    Object.keys(ATTACKS).map(() => 'played'),
  )

  const expected = Object.values(ATTACKS).flatMap((alerts) => Object.entries(alerts))
  for (const [alert] of expected) await eventually(() => isFiring(alert), 60_000)
  for (const [alert, path] of expected)
    await eventually(
      () =>
        receiver.notified.some(
          (each) => each.alert === alert && each.path === path && each.status === 'firing',
        ),
      60_000,
    )
  // Security alerts do not go to operations, nor the other way round.
  expect(
    receiver.notified.filter(
      ({ path, alert }) =>
        path.startsWith('/operations') && expected.some(([name]) => name === alert),
    ),
  ).toEqual([])

  const presented = drills
    .map(({ output }) => /^(\S+) {2}The stolen token was presented/m.exec(output)?.[1])
    .find((time) => time !== undefined)
  const notification = receiver.notified.find(({ alert }) => alert === 'RefreshTokenReused')
  const seconds = ((notification?.atMs ?? Infinity) - Date.parse(presented ?? '')) / 1000
  console.log(
    `From the replay of the stolen token to the alert at the security team: ${seconds.toFixed(1)} s`,
  )
  expect(seconds).toBeLessThan(60)
  for (const { output } of drills) expect(output).toContain(' 0 refused')
})

/**
 * The queries that stay without a result. Metrics that are scraped late appear with the next
 * scrapes.
 */
async function stayEmpty(queries: readonly string[]): Promise<string[]> {
  let empty = queries
  const ask = async () => {
    const still = []
    for (const query of empty) if ((await prometheus.query(query)).length === 0) still.push(query)
    empty = still
    return empty.length === 0
  }
  await eventually(ask, 30_000).catch(() => {})
  return [...empty]
}

type Panel = { title?: string; targets?: { expr?: string }[]; panels?: Panel[] }
type Dashboard = { panels: Panel[]; annotations: { list: { expr?: string }[] } }
const folder = join(REPOSITORY, 'grafana/dashboards')
const dashboards = readdirSync(folder).map((file) => ({
  file,
  ...(JSON.parse(readFileSync(join(folder, file), 'utf8')) as Dashboard),
}))
const flatten = (panels: readonly Panel[]): Panel[] =>
  panels.flatMap((panel) => [panel, ...flatten(panel.panels ?? [])])
const fill = (expr: string) =>
  expr
    .replaceAll('$service', '.*')
    .replaceAll('$instance', '.*')
    .replaceAll('$__rate_interval', '1m')
    .replaceAll('$__range', '5m')
    .replaceAll('$__interval', '15s')

test('every query of every dashboard has a result', async () => {
  const queries = dashboards.flatMap(({ file, panels }) =>
    flatten(panels).flatMap(({ title, targets = [] }) =>
      targets.map(({ expr = '' }) => ({ where: `${file}: ${title}`, query: fill(expr) })),
    ),
  )
  expect(queries.length).toBeGreaterThan(50)
  const empty = await stayEmpty(queries.map(({ query }) => query))
  expect(queries.filter(({ query }) => empty.includes(query))).toEqual([])
  for (const { annotations } of dashboards)
    for (const { expr } of annotations.list)
      if (expr !== undefined) await prometheus.query(fill(expr))
})

test('every rule is evaluated without an error, on existing metrics', async () => {
  const rules = await prometheus.rules()
  expect(rules.length).toBeGreaterThan(40)
  await eventually(
    async () => (await prometheus.rules()).every(({ health }) => health !== 'unknown'),
    60_000,
  )
  expect(
    (await prometheus.rules())
      .filter(({ health }) => health !== 'ok')
      .map(({ name, lastError }) => `${name}: ${lastError}`),
  ).toEqual([])

  const recorded = rules.filter(({ type }) => type === 'recording').map(({ name }) => name)
  const named = rules.flatMap(
    ({ query }) => query.match(/\b(?:auth|nodejs|process)_[a-z_]+\b/g) ?? [],
  )
  expect(
    await stayEmpty([...new Set([...recorded, ...named])].map((metric) => `count(${metric})`)),
  ).toEqual([])
})

test('the exported metrics are bounded: no label grows with users, sessions or addresses', async () => {
  await eventually(async () => (await prometheus.targetsDown()).length === 0, 30_000).catch(
    () => {},
  )
  expect(await prometheus.targetsDown()).toEqual([])
  const series = await prometheus.query(
    'topk(1, count by (__name__, instance) ({__name__=~"auth_.+"}))',
  )
  expect(Number(series[0]?.value[1])).toBeLessThan(2500)
})
