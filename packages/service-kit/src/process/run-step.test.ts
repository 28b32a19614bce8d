import { expect, test } from 'vitest'
import { ConfigError } from '@auto-refresh/contracts'
import { runStep } from './run-step.ts'

test.each([
  [new ConfigError(['DATABASE_URL is missing']), 78],
  [new Error('no database'), 1],
])('a step that fails says why and ends with a code: %s', async (error, code) => {
  let said = ''
  const process = { stderr: { write: (text: string) => void (said += text) }, exitCode: 0 }
  await runStep(process, () => Promise.reject(error))
  expect([said, process.exitCode]).toEqual([`${error.message}\n`, code])
  await runStep(process, () => Promise.resolve())
  expect(said).toBe(`${error.message}\n`)
})
