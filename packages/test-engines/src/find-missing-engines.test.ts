import { expect, test } from 'vitest'
import { findMissingEngines } from './find-missing-engines.ts'

const bare = { PATH: '/nowhere', TEST_CHROMIUM: '/nowhere/chromium' }
/** Root and PgBouncer are looked for outside the environment. */
const ofMachine = new Set(['root', 'pgbouncer'])
const missingIn = (environment: NodeJS.ProcessEnv) =>
  findMissingEngines(environment).filter(({ engine }) => !ofMachine.has(engine))
const names = (environment: NodeJS.ProcessEnv) => missingIn(environment).map(({ engine }) => engine)

const WITHOUT_DOCKER = ['kafka', 'redis']
const ALWAYS = ['prometheus', 'browser', 'python', 'proxies', 'nginx', 'curl', 'node20', 'release']

test('on a bare machine all engines are missing, each with a remedy', () => {
  const missing = missingIn(bare)
  // Docker provides Kafka and Redis, so their messages appear only without it.
  expect(names({ ...bare, DOCKER_HOST: 'x' })).toEqual(ALWAYS)
  expect(names({ ...bare, DOCKER_HOST: 'x', TEST_CHROMIUM: process.execPath })).toEqual(
    ALWAYS.filter((name) => name !== 'browser'),
  )
  if (missing.length === ALWAYS.length) return
  expect(missing).toEqual([
    { engine: 'kafka', why: expect.stringContaining('Java 17 and Maven') },
    { engine: 'redis', why: expect.stringContaining('redis-server') },
    { engine: 'prometheus', why: expect.stringContaining('promtool') },
    { engine: 'browser', why: expect.stringContaining('TEST_CHROMIUM') },
    { engine: 'python', why: expect.stringContaining('python3-venv') },
    { engine: 'proxies', why: expect.stringContaining('nginx-light caddy haproxy') },
    { engine: 'nginx', why: expect.stringContaining('nginx-light') },
    { engine: 'curl', why: expect.stringContaining('Debian: curl') },
    { engine: 'node20', why: expect.stringContaining('TEST_NODE_20') },
    { engine: 'release', why: expect.stringContaining('git fetch --unshallow') },
  ])
  for (const [index, given] of ['TEST_KAFKA_BROKERS', 'TEST_REDIS_URL'].entries())
    expect(names({ ...bare, [given]: 'given' })).toEqual([
      ...WITHOUT_DOCKER.filter((_, other) => other !== index),
      ...ALWAYS,
    ])
})

test('in CI no engine is skipped', () => {
  expect(missingIn({ ...bare, CI: 'true' })).toEqual([])
})
