import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { KNOWN_BUGS } from './known-bugs.ts'

/**
 * A bug may make its test wait for ever, so the limits here are shorter than those for slow
 * machines.
 */
const LIMITS = ['--testTimeout=60000', '--hookTimeout=60000']

const root = fileURLToPath(new URL('../..', import.meta.url))
const missed = KNOWN_BUGS.filter((bug) => {
  const run = spawnSync(
    'npx',
    [
      'vitest',
      'run',
      '--root',
      '.',
      '--config',
      '../../vitest.config.ts',
      '--project',
      bug.project,
      ...LIMITS,
      bug.test,
    ],
    {
      cwd: `${root}${bug.workspace}`,
      env: { ...process.env, TEST_KNOWN_BUG: bug.name },
      encoding: 'utf8',
    },
  )
  const found =
    run.status !== 0 && / failed/.test(run.stdout) && !run.stdout.includes('no longer fits')
  console.log(`${found ? 'found ' : 'MISSED'}  ${bug.name}`)
  return !found
})
console.log(
  `\n${KNOWN_BUGS.length - missed.length} of ${KNOWN_BUGS.length} known bugs are found by the tests`,
)
process.exitCode = missed.length > 0 ? 1 : 0
