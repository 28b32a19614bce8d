import { expect, test } from 'vitest'
import { findIgnoredSettings } from './find-ignored-settings.ts'
import { readEnvironment } from './read-environment.ts'
import { recordSettings, type Environment } from './record-settings.ts'

const parse = (environment: Environment) => {
  const env = readEnvironment(environment)
  if (env.boolean('ON', { default: false, describe: 'Switches it on.' })) env.string('MORE')
  env.limit('LIMIT', { default: '10/300', section: 'limits', describe: 'Calls.' })
  env.list('LIST', { default: [] })
  return env.done(env.string('REQUIRED', { example: 'x' }))
}

test('the definitions of a parser are recorded in the order in which it reads them', () => {
  expect(recordSettings(parse)).toMatchObject([
    { name: 'ON', expected: 'true or false', default: 'false', describe: 'Switches it on.' },
    { name: 'LIMIT', default: '10/300', section: 'limits', describe: 'Calls.' },
    { name: 'LIST', default: '' },
    { name: 'REQUIRED', default: '', example: 'x' },
  ])
  expect(recordSettings(parse, { ON: 'true' }).map(({ name }) => name)).toContain('MORE')
})

test('a setting that is a constant now is named when an operator has set it', () => {
  expect(findIgnoredSettings({ DRAIN_SECONDS: '5', THREAT_REUSE: '', PORT: '80' })).toEqual([
    'Setting DRAIN_SECONDS is ignored: its value is a constant now',
  ])
})
