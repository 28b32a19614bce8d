import { hash } from 'node:crypto'
import { expect, test } from 'vitest'
import { aLog } from '../../testing/fakes.ts'
import { createDummyHashes } from './create-dummy-hashes.ts'

const NAMES = Array.from({ length: 2000 }, (_, i) => hash('sha256', String(i), 'base64url'))
const OURS = '$argon2id$v=19$x'

async function setUp(hashes: string[]) {
  const state = { hashes, nowMs: 0, fails: false }
  const dummies = createDummyHashes({
    sample: async () => {
      if (state.fails) throw new Error('no database')
      return state.hashes
    },
    elapsedMs: () => state.nowMs,
    log: aLog(),
  })
  await dummies.load()
  return { dummies, state }
}

test('as many unknown names imitate each kind of hash as users have it', async () => {
  const { dummies } = await setUp(['$2b$12$x', '$scrypt$x', OURS, OURS])
  const picked = NAMES.map((name) => dummies.pick(name))
  for (const [kind, share] of [
    ['$2b$12$x', 0.25],
    ['$scrypt$x', 0.25],
    [undefined, 0.5],
  ] as const)
    expect(picked.filter((one) => one === kind).length / NAMES.length).toBeCloseTo(share, 1)
  expect(NAMES.map((name) => dummies.pick(name))).toEqual(picked)
})

test('as users get own hashes, names only move from the imported kind to the own one', async () => {
  const { dummies, state } = await setUp(['$2b$12$x', '$2b$12$x', '$2b$12$x', OURS])
  const before = NAMES.map((name) => dummies.pick(name))
  state.hashes = ['$2b$12$x', OURS, OURS, OURS]
  state.nowMs = 60_001
  dummies.pick('')
  await expect
    .poll(() => NAMES.filter((name) => dummies.pick(name) === undefined).length)
    .toBeGreaterThan(1000)
  const after = NAMES.map((name) => dummies.pick(name))
  expect(after.filter((one, i) => one !== undefined && before[i] === undefined)).toEqual([])
})

test('without imported users, or without a database, a dummy is an own hash', async () => {
  expect((await setUp([OURS])).dummies.pick(NAMES[0] ?? '')).toBeUndefined()
  expect((await setUp([])).dummies.pick(NAMES[0] ?? '')).toBeUndefined()
  const { dummies, state } = await setUp(['$2b$12$x'])
  state.fails = true
  await dummies.load()
  expect(dummies.pick(NAMES[0] ?? '')).toBe('$2b$12$x')
})
