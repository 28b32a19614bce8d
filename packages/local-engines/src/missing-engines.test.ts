import { expect, test } from 'vitest'
import { findMissingEngines } from './missing-engines.ts'

const bare = { PATH: '/nowhere' }
const names = (environment: NodeJS.ProcessEnv) => findMissingEngines(environment).map(({ engine }) => engine)

test('a bare machine lacks both, with a cure for each', () => {
  // A machine with Docker lacks nothing, so this can only be asked where there is none.
  const missing = findMissingEngines(bare)
  if (missing.length === 0) return expect(names({ ...bare, DOCKER_HOST: 'x' })).toEqual([])
  expect(missing).toEqual([
    { engine: 'kafka', why: expect.stringContaining('Java 17 and Maven') },
    { engine: 'redis', why: expect.stringContaining('redis-server') },
  ])
  expect(names({ ...bare, TEST_KAFKA_BROKERS: 'localhost:9092' })).toEqual(['redis'])
  expect(names({ ...bare, TEST_REDIS_URL: 'redis://localhost' })).toEqual(['kafka'])
})

test('nothing is left out in CI', () => {
  expect(findMissingEngines({ ...bare, CI: 'true' })).toEqual([])
})
