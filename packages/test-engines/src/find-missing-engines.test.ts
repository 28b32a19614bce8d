import { expect, test } from 'vitest'
import { findMissingEngines } from './find-missing-engines.ts'

const bare = { PATH: '/nowhere', TEST_CHROMIUM: '/nowhere/chromium' }
const names = (environment: NodeJS.ProcessEnv) =>
  findMissingEngines(environment).map(({ engine }) => engine)

test('on a bare machine all engines are missing, each with a remedy', () => {
  const missing = findMissingEngines(bare)
  // Docker provides Kafka and Redis, so their messages appear only without it.
  expect(names({ ...bare, DOCKER_HOST: 'x' })).toEqual([
    'prometheus',
    'browser',
    'python',
    'proxies',
    'node20',
    'release',
  ])
  expect(names({ ...bare, DOCKER_HOST: 'x', TEST_CHROMIUM: process.execPath })).toEqual([
    'prometheus',
    'python',
    'proxies',
    'node20',
    'release',
  ])
  if (missing.length === 6) return
  expect(missing).toEqual([
    { engine: 'kafka', why: expect.stringContaining('Java 17 and Maven') },
    { engine: 'redis', why: expect.stringContaining('redis-server') },
    { engine: 'prometheus', why: expect.stringContaining('promtool') },
    { engine: 'browser', why: expect.stringContaining('TEST_CHROMIUM') },
    { engine: 'python', why: expect.stringContaining('python3-venv') },
    { engine: 'proxies', why: expect.stringContaining('nginx-light caddy haproxy') },
    { engine: 'node20', why: expect.stringContaining('TEST_NODE_20') },
    { engine: 'release', why: expect.stringContaining('git fetch --unshallow') },
  ])
  expect(names({ ...bare, TEST_KAFKA_BROKERS: 'localhost:9092' })).toEqual([
    'redis',
    'prometheus',
    'browser',
    'python',
    'proxies',
    'node20',
    'release',
  ])
  expect(names({ ...bare, TEST_REDIS_URL: 'redis://localhost' })).toEqual([
    'kafka',
    'prometheus',
    'browser',
    'python',
    'proxies',
    'node20',
    'release',
  ])
})

test('in CI no engine is skipped', () => {
  expect(findMissingEngines({ ...bare, CI: 'true' })).toEqual([])
})
