import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestDatabase } from '../../testing/open-test-database.ts'
import { createPostgresUsedSubjectTokens } from './create-postgres-used-subject-tokens.ts'
import { deleteOldSubjectTokens } from './delete-old-records.ts'

let database: Awaited<ReturnType<typeof openTestDatabase>>
beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.close())

const open = () => createPostgresUsedSubjectTokens({ pool: database.pool })
const token = (name: string, endsAtMs = Date.now() + 600_000) => ({
  hash: Buffer.from(name),
  endsAtMs,
})

test('of many concurrent exchanges of a token exactly one has it, and only one uses it', async () => {
  const tokens = open()
  const claims = await Promise.all(Array.from({ length: 20 }, () => tokens.claim(token('a'))))
  expect(claims.filter((each) => each === 'claimed')).toHaveLength(1)
  expect(claims.filter((each) => each === 'busy')).toHaveLength(19)
  expect(await tokens.confirm(token('a').hash)).toBe(true)
  expect(await tokens.confirm(token('a').hash)).toBe(false)
  expect(await tokens.claim(token('a'))).toBe('used')
  // A late failure of a slow exchange must not give a used token back.
  await tokens.release(token('a').hash)
  expect(await tokens.claim(token('a'))).toBe('used')
})

test('a token that is released, or whose exchange never ended, can be exchanged again', async () => {
  const tokens = open()
  expect(await tokens.claim(token('b'))).toBe('claimed')
  await tokens.release(token('b').hash)
  expect(await tokens.claim(token('b'))).toBe('claimed')
  expect(await tokens.claim(token('b'))).toBe('busy')
  await database.pool.query(
    `update auth_api.used_subject_tokens set claimed_until = now() - interval '1 second'
     where hash = $1`,
    [token('b').hash],
  )
  const again = await Promise.all([tokens.claim(token('b')), tokens.claim(token('b'))])
  expect(again.toSorted()).toEqual(['busy', 'claimed'])
})

test('a used token is kept for an hour after its end, then deleted', async () => {
  const tokens = open()
  const nowMs = Date.now()
  await tokens.claim(token('old', nowMs - 3_700_000))
  await tokens.claim(token('recent', nowMs - 3_500_000))
  expect(await deleteOldSubjectTokens(database.pool, { retentionDays: 1 / 24, nowMs }, 10)).toBe(1)
  expect(await tokens.claim(token('recent'))).toBe('busy')
})
