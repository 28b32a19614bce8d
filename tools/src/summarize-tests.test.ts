import { describe, expect, test } from 'vitest'
import { summarizeTests, type TaskResult } from './summarize-tests.ts'

const passing = { fullName: 'a promise', status: 'passed', failureMessages: [] }
const task = (exitCode: number, assertionResults: object[], more: object = {}): TaskResult => ({
  name: 'pkg#test',
  exitCode,
  report: {
    testResults: [
      { name: '/repo/pkg/src/x.test.ts', status: 'passed', message: '', assertionResults, ...more },
    ],
  } as TaskResult['report'],
})

test('passed tests are added up over all tasks', () => {
  expect(summarizeTests([task(0, [passing, passing]), task(0, [passing])], 0)).toEqual({
    passed: 3,
    skipped: [],
    failures: [],
  })
})

test('a failed test is listed with its file, its title and its reason', () => {
  const failing = {
    fullName: 'another promise',
    status: 'failed',
    failureMessages: ['expected 1 to be 2'],
  }
  const { passed, failures } = summarizeTests([task(1, [passing, failing])], 1)
  expect([passed, failures.length]).toEqual([1, 1])
  expect(failures.join('')).toMatch(
    /FAILED pkg#test src\/x\.test\.ts > another promise\n {4}expected 1 to be 2/,
  )
})

test('a skipped test is neither passed nor failed, and is listed', () => {
  const pending = { fullName: 'for another platform', status: 'skipped', failureMessages: [] }
  const skipped = ['pkg#test src/x.test.ts > for another platform']
  expect(summarizeTests([task(0, [passing, pending])], 0)).toEqual({
    passed: 1,
    skipped,
    failures: [],
  })
})

describe('a failure without a failed test counts as one failure', () => {
  test.each<[string, TaskResult[], number, RegExp]>([
    [
      'a file that failed before its tests',
      [task(1, [], { status: 'failed', message: 'no such module' })],
      1,
      /no such module/,
    ],
    [
      'a task without a report',
      [task(0, [passing]), { name: 'x#test', exitCode: 137, report: undefined }],
      1,
      /x#test\n.*exit code 137/,
    ],
    [
      'a task that failed beside its tests',
      [task(1, [passing])],
      1,
      /exit code 1 and no failed test/,
    ],
    ['a run in which no task was executed', [], 1, /turbo ended with exit code 1/],
    ['a run without tests', [], 0, /No test was run/],
  ])('%s', (_, tasks, exitCode, reason) => {
    const { failures } = summarizeTests(tasks, exitCode)
    expect(failures).toHaveLength(1)
    expect(failures.join('')).toMatch(reason)
  })
})
