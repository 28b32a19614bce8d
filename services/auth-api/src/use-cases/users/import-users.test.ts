import { CodedError } from '@auto-refresh/contracts'
import { expect, test, vi } from 'vitest'
import type { ImportLine } from '../../domain/parse-import-line.ts'
import type { ImportResult } from '../../ports/user-imports.ts'
import { aLog } from '../../testing/fakes.ts'
import { createImportUsers, type FileLine } from './import-users.ts'

const actor = { kind: 'cli', name: 'test' } as const
const kept = { endsSessions: false, keptPassword: false, keptDisabled: false }

function setUp(toResult: (line: ImportLine) => ImportResult = () => ({ outcome: 'created' })) {
  const batches: string[][] = []
  const store = vi.fn<(lines: readonly ImportLine[]) => Promise<ImportResult[]>>(async (lines) => {
    batches.push(lines.map(({ username }) => username))
    return lines.map(toResult)
  })
  const ended: (string | undefined)[] = []
  const refused: [number, string][] = []
  const importUsers = createImportUsers({
    imports: { store },
    deliverRevocations: async (scope) => void ended.push(scope?.userId),
    log: aLog(),
  })
  const run = (...lines: (object | string)[]) =>
    importUsers({
      lines: (async function* (): AsyncGenerator<FileLine> {
        for (const [i, line] of lines.entries()) {
          const text = typeof line === 'string' ? line : JSON.stringify(line)
          yield text === 'fault' ? { number: i + 1, fault: 'It is torn' } : { number: i + 1, text }
        }
      })(),
      actor,
      onRefused: (number, reason) => void refused.push([number, reason]),
    })
  return { run, store, batches, ended, refused }
}

test('faulty lines are refused alone, with their number', async () => {
  const { run, batches, refused } = setUp(({ username }) =>
    username === 'taken'
      ? { outcome: 'refused', reason: 'The name is taken' }
      : { outcome: 'created' },
  )
  expect(
    await run({ username: 'ada' }, '{', 'fault', { username: 'taken' }, { username: 'bob' }),
  ).toEqual({
    lines: 5,
    created: 2,
    changed: 0,
    unchanged: 0,
    refused: 3,
    keptPasswords: 0,
    keptDisabled: 0,
  })
  expect(batches).toEqual([['ada', 'taken', 'bob']])
  expect(refused).toEqual([
    [2, 'It is not JSON'],
    [3, 'It is torn'],
    [4, 'The name is taken'],
  ])
})

test('a file is stored in batches, and a second line about a user is in a later one', async () => {
  const { run, batches } = setUp()
  const many = Array.from({ length: 450 }, (_, i) => ({ username: `user ${i}` }))
  await run(...many)
  expect(batches.map(({ length }) => length)).toEqual([200, 200, 50])
  batches.length = 0
  await run(
    { username: 'Ada' },
    { username: 'ADA' },
    { username: 'bob', external_id: 'x' },
    { username: 'cem', external_id: 'x' },
  )
  expect(batches).toEqual([['Ada'], ['ADA', 'bob'], ['cem']])
})

test('the sessions of users who were disabled or changed end after the commit', async () => {
  const { run, ended } = setUp(({ username }) => ({
    outcome: 'changed',
    userId: username,
    ...kept,
    endsSessions: username === 'ada',
    keptPassword: username === 'bob',
    keptDisabled: username === 'cem',
  }))
  expect(await run({ username: 'ada' }, { username: 'bob' }, { username: 'cem' })).toMatchObject({
    changed: 3,
    keptPasswords: 1,
    keptDisabled: 1,
  })
  expect(ended).toEqual(['ada'])
})

test('an internal error stops the import and tells from where', async () => {
  const { run, store } = setUp()
  store.mockRejectedValueOnce(new CodedError('unavailable'))
  await expect(run('{', { username: 'ada' })).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('stopped at line 2') as unknown,
  })
})
