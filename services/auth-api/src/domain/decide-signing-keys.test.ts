import { expect, test } from 'vitest'
import { decideSigningKeys, type SigningKeyTimes } from './decide-signing-keys.ts'

const policy = { rotationMs: 1000, publishMs: 100, retainMs: 500 }
const active = (activatedAtMs: number, kid = 'a'): SigningKeyTimes => ({
  kid,
  state: 'active',
  createdAtMs: 0,
  activatedAtMs,
  expiresAtMs: undefined,
})
const next = (createdAtMs: number, kid = 'b'): SigningKeyTimes => ({
  kid,
  state: 'next',
  createdAtMs,
  activatedAtMs: undefined,
  expiresAtMs: undefined,
})
const retired = (expiresAtMs: number): SigningKeyTimes => ({
  kid: 'old',
  state: 'retired',
  createdAtMs: 0,
  activatedAtMs: 0,
  expiresAtMs,
})
const publish = { action: 'create', state: 'next' }
const change = [
  { action: 'retire', kid: 'a', expiresAtMs: 1500 },
  { action: 'activate', kid: 'b' },
]

test.each([
  ['the first start creates an active key', [], 0, [{ action: 'create', state: 'active' }]],
  ['a young key needs no successor', [active(0)], 899, []],
  ['the next key is published before the active key is due', [active(0)], 900, [publish]],
  ['a published key waits until the active key is due', [active(0), next(900)], 999, []],
  ['the next key becomes active when the active key is due', [active(0), next(900)], 1000, change],
  [
    'a key that was published late is not used before its publication time has passed',
    [active(0), next(950)],
    1049,
    [],
  ],
  ['a retired key is kept until its last token has expired', [active(0), retired(500)], 499, []],
  [
    'a retired key is deleted after its last token has expired',
    [active(0), retired(500)],
    500,
    [{ action: 'delete', kid: 'old' }],
  ],
  [
    'a published key becomes active when the active key is missing',
    [next(0)],
    1,
    [{ action: 'activate', kid: 'b' }],
  ],
] as const)('%s', (_promise, keys, nowMs, actions) => {
  expect(decideSigningKeys(keys, nowMs, policy)).toEqual(actions)
})

test('through twenty rotations there is always one active key, and no key signs before its publication time has passed', () => {
  let keys: SigningKeyTimes[] = []
  let created = 0
  for (let nowMs = 0; nowMs < 20_000; nowMs += 37) {
    for (const action of decideSigningKeys(keys, nowMs, policy)) {
      if (action.action === 'create')
        keys.push({
          ...(action.state === 'active'
            ? active(nowMs, `${created++}`)
            : next(nowMs, `${created++}`)),
          createdAtMs: nowMs,
        })
      if (action.action === 'delete') keys = keys.filter(({ kid }) => kid !== action.kid)
      if (action.action === 'retire')
        keys = keys.map((key) =>
          key.kid === action.kid
            ? { ...key, state: 'retired', expiresAtMs: action.expiresAtMs }
            : key,
        )
      if (action.action === 'activate') {
        keys = keys.map((key) =>
          key.kid === action.kid ? { ...key, state: 'active', activatedAtMs: nowMs } : key,
        )
        expect(
          nowMs - (keys.find(({ kid }) => kid === action.kid)?.createdAtMs ?? nowMs),
        ).toBeGreaterThanOrEqual(policy.publishMs)
      }
    }
    expect(keys.filter(({ state }) => state === 'active')).toHaveLength(1)
    expect(keys.length).toBeLessThanOrEqual(3)
  }
  expect(created).toBeGreaterThan(15)
})
