import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { eventually, findFreePort, stopWithParent } from '@auto-refresh/test-engines'
import { REPOSITORY, temporaryFolder } from './start-standalone.ts'

const RULES = join(REPOSITORY, 'monitoring/prometheus/rules')

export type Sample = { metric: Record<string, string>; value: [number, string] }
type RuleGroup = {
  name: string
  rules: {
    name: string
    query: string
    type: 'alerting' | 'recording'
    health: string
    lastError?: string
  }[]
}

/**
 * Starts Prometheus with the committed rules, which scrapes the given admin ports, and Alertmanager
 * with the committed routes. `jobs` are the admin URLs of the replicas of each service;
 * notifications are sent below `notifyUrl`.
 */
export async function startPrometheus({
  jobs,
  notifyUrl,
}: {
  jobs: Record<string, string[]>
  notifyUrl: string
}) {
  const folder = await temporaryFolder()
  const [port, alertmanagerPort] = [await findFreePort(), await findFreePort()]
  const url = `http://127.0.0.1:${port}`

  const config = {
    global: { scrape_interval: '5s', evaluation_interval: '5s' },
    rule_files: [join(folder.path, '*.rules.yml')],
    alerting: {
      alertmanagers: [{ static_configs: [{ targets: [`127.0.0.1:${alertmanagerPort}`] }] }],
    },
    scrape_configs: Object.entries(jobs).map(([job, urls]) => ({
      job_name: job,
      static_configs: [{ targets: urls.map((each) => new URL(each).host) }],
    })),
  }
  for (const file of await readdir(RULES))
    await writeFile(
      join(folder.path, file.replace('.yml', '.rules.yml')),
      await toPromptRules(join(RULES, file)),
    )
  // JSON is valid YAML.
  await writeFile(join(folder.path, 'prometheus.yml'), JSON.stringify(config))
  await writeFile(join(folder.path, 'alertmanager.yml'), await toTestReceivers(notifyUrl))
  await mkdir(join(folder.path, 'alertmanager'))

  const prometheus = run('prometheus', [
    `--config.file=${join(folder.path, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(folder.path, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--enable-feature=exemplar-storage',
  ])
  const alertmanager = run('prometheus-alertmanager', [
    `--config.file=${join(folder.path, 'alertmanager.yml')}`,
    `--storage.path=${join(folder.path, 'alertmanager')}`,
    `--web.listen-address=127.0.0.1:${alertmanagerPort}`,
    '--cluster.listen-address=',
  ])
  for (const [name, each, ready] of [
    ['prometheus', prometheus, url],
    ['alertmanager', alertmanager, `http://127.0.0.1:${alertmanagerPort}`],
  ] as const) {
    await eventually(async () => {
      if (each.hasEnded()) throw new Error(`${name} ended:\n${each.output()}`)
      return (await fetch(`${ready}/-/ready`).catch(() => undefined))?.status === 200
    }, 90_000)
  }

  async function get<T>(path: string, parameters: Record<string, string> = {}): Promise<T> {
    const response = await fetch(
      `${url}/api/v1/${path}?${new URLSearchParams(parameters).toString()}`,
    )
    const { data, error }: { data: T; error?: string } = JSON.parse(await response.text())
    if (error !== undefined) throw new Error(`${error}: ${parameters['query'] ?? path}`)
    return data
  }

  return {
    url,
    get,
    query: async (query: string) => (await get<{ result: Sample[] }>('query', { query })).result,
    rules: async () =>
      (await get<{ groups: RuleGroup[] }>('rules')).groups.flatMap((group) => group.rules),
    async targetsDown() {
      const { activeTargets } = await get<{
        activeTargets: { scrapeUrl: string; health: string; lastError: string }[]
      }>('targets')
      return activeTargets
        .filter((target) => target.health !== 'up')
        .map((target) => `${target.scrapeUrl}: ${target.lastError}`)
    },
    async stop() {
      await Promise.all([prometheus.stop(), alertmanager.stop()])
      await folder.remove()
    },
  }
}

/**
 * The committed rules; rules over days are evaluated every few minutes in production, and at once
 * here.
 */
async function toPromptRules(file: string): Promise<string> {
  return (await readFile(file, 'utf8')).replaceAll(/interval: \d+m$/gm, 'interval: 15s')
}

/** The committed routes, with every receiver replaced by the test's. */
async function toTestReceivers(notifyUrl: string): Promise<string> {
  const committed = await readFile(
    join(REPOSITORY, 'monitoring/alertmanager/alertmanager.yml'),
    'utf8',
  )
  return committed.replaceAll('http://alerts.invalid', notifyUrl)
}

function run(command: string, args: string[]) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  stopWithParent(child)
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.on('error', (error) => (output += String(error)))
  const exited = once(child, 'exit')
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null
  return {
    hasEnded,
    output: () => output,
    async stop() {
      if (!hasEnded()) child.kill('SIGTERM')
      await exited
    },
  }
}
