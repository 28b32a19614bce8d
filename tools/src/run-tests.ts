import { spawn } from 'node:child_process'
import { globSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { constants } from 'node:os'
import { join, resolve } from 'node:path'
import { findMissingEngines } from '../../packages/test-engines/src/find-missing-engines.ts'
import { summarizeTests, type TaskResult } from './summarize-tests.ts'

/**
 * `npm test` runs every test that this machine can run. All workspaces run to their end. Then it
 * prints the tests that could not run with the reason, the reason of each failure, and `N passed, N
 * failed`.
 */
const root = resolve(import.meta.dirname, '../..')

let interruptedBy: NodeJS.Signals | undefined

/** Turbo restores the results of a task that need not run again. */
async function forgetOldResults(): Promise<void> {
  const folders = globSync(['*/test-results', '*/*/test-results'], { cwd: root })
  await Promise.all(folders.map((folder) => rm(join(root, folder), { recursive: true })))
  await rm(join(root, '.turbo/runs'), { recursive: true, force: true })
}

/**
 * Stops turbo and the tests that it runs when this process ends, also by kill -9. The turbo command
 * is a wrapper that forwards no signal, so it has a process group of its own, and the group is
 * signalled.
 */
function stopWithUs(pid: number): void {
  const script = 'read -r _; kill -TERM "-$0" 2>/dev/null'
  const watcher = spawn('sh', ['-c', script, String(pid)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  watcher.unref()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      interruptedBy = signal
      process.kill(-pid, signal)
    })
  }
}

/** Runs the tasks one after another, and resolves to the exit code. */
async function runTasks(tasks: readonly string[]): Promise<number> {
  const options = ['--concurrency=1', '--continue=always', '--summarize']
  const turbo = spawn('turbo', ['run', ...tasks, ...options, ...process.argv.slice(2)], {
    cwd: root,
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  return new Promise((done, reject) => {
    turbo.once('spawn', () => stopWithUs(turbo.pid ?? 0))
    turbo.once('error', reject)
    turbo.once('exit', (code, signal) => done(code ?? 128 + constants.signals[signal ?? 'SIGKILL']))
  })
}

async function readJson<T>(path: string): Promise<T | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined)
  return text === undefined ? undefined : (JSON.parse(text) as T)
}

type RunSummary = {
  tasks: { taskId: string; task: string; directory: string; execution?: { exitCode?: number } }[]
}

/** Turbo also lists a task of a workspace without that script: then nothing was run. */
async function readResults(): Promise<TaskResult[]> {
  const files = globSync('.turbo/runs/*.json', { cwd: root })
  const runs = await Promise.all(files.map((file) => readJson<RunSummary>(join(root, file))))
  return Promise.all(
    runs
      .flatMap((run) => run?.tasks ?? [])
      .map(async ({ taskId, task, directory, execution }) => {
        const report = join(root, directory, 'test-results', `${task.replace(':', '-')}.json`)
        return { name: taskId, exitCode: execution?.exitCode ?? 0, report: await readJson(report) }
      }),
  )
}

await forgetOldResults()
// Most of them wait for processes, so three queues keep two cores busy.
const exitCodes = await Promise.all([
  runTasks(['test:e2e']),
  runTasks(['test:int']),
  runTasks(['test', 'test:kafka']),
])
const exitCode = Math.max(...exitCodes)
const { passed, skipped, failures } = summarizeTests(await readResults(), exitCode)
for (const { engine, why } of findMissingEngines(process.env)) {
  console.log(`\nNot run, because there is ${why}`)
  const patterns = ['{packages,services}/*', '{e2e,bench,grafana,monitoring,tools}'].map(
    (folder) => `${folder}/src/**/*.${engine}.*.test.ts`,
  )
  for (const path of globSync(patterns, { cwd: root })) console.log(`  ${path}`)
}
if (interruptedBy !== undefined)
  failures.push(`\nFAILED npm test\n    The run was interrupted by ${interruptedBy}`)
if (skipped.length > 0) console.log(`\nSkipped\n  ${skipped.join('\n  ')}`)
const skips = skipped.length > 0 ? `, ${skipped.length} skipped` : ''
console.log(`${failures.join('\n')}\n${passed} passed, ${failures.length} failed${skips}`)
process.exitCode = failures.length > 0 ? 1 : 0
