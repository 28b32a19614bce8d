import { randomBytes } from 'node:crypto'
import { ConfigError } from '@auto-refresh/service-kit/config'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { refresh, startTestTokenStores, type TestTokenStores } from './testing/test-token-store.ts'

const a = `1:${randomBytes(32).toString('base64')}`
const b = randomBytes(32).toString('base64')

let first: TestTokenStores
beforeEach(async () => {
  first = await startTestTokenStores({ env: { REFRESH_TOKEN_KEYS: a } })
})
afterEach(() => first.stop())

/** Runs another replica with the given settings during `work`. */
async function withReplica<T>(
  env: Record<string, string>,
  work: (replica: TestTokenStores) => Promise<T>,
): Promise<T> {
  const replica = await startTestTokenStores({ url: first.url, env })
  try {
    return await work(replica)
  } finally {
    await replica.stop()
  }
}

test('a start with another key under a known kid fails as a configuration error, and no user is logged out', async () => {
  const { token } = await first.issue()
  const start = withReplica({ REFRESH_TOKEN_KEYS: `1:${b}` }, async () => {})
  await expect(start).rejects.toThrow(ConfigError)
  await expect(start).rejects.toThrow(
    /REFRESH_TOKEN_KEYS: the key of kid 1 differs[^]*REFRESH_TOKEN_RETIRED_KIDS/,
  )
  expect((await first.store.rotate(refresh(token))).outcome).toBe('rotated')
})

test('a key rotation with mistakes logs no user out: new key first at once, a late replica, old key removed too early and restored', async () => {
  const [one, two] = [await first.issue(), await first.issue()]
  const rotate = (replica: TestTokenStores, token: string) => replica.store.rotate(refresh(token))
  await withReplica({ REFRESH_TOKEN_KEYS: `2:${b},${a}` }, async (replica) => {
    expect((await rotate(replica, one.token)).outcome).toBe('rotated')
    expect((await rotate(first, one.token)).outcome).toBe('unknown_kid')
  })
  await withReplica({ REFRESH_TOKEN_KEYS: `2:${b}` }, async (replica) => {
    expect((await rotate(replica, two.token)).outcome).toBe('unknown_kid')
  })
  await withReplica({ REFRESH_TOKEN_KEYS: `2:${b},${a}` }, async (replica) => {
    expect((await rotate(replica, one.token)).outcome).toBe('replayed')
    expect((await rotate(replica, two.token)).outcome).toBe('rotated')
  })
})

test('the kid of a lost key can be retired: a new key needs another kid, and no kid is used twice', async () => {
  const { token } = await first.issue()
  const lost = { REFRESH_TOKEN_KEYS: `2:${b}`, REFRESH_TOKEN_RETIRED_KIDS: '1' }
  await withReplica(lost, async (replica) => {
    expect((await replica.store.rotate(refresh(token))).outcome).toBe('invalid')
  })
  await expect(
    withReplica(
      { REFRESH_TOKEN_KEYS: `2:${b},1:${randomBytes(32).toString('base64')}` },
      async () => {},
    ),
  ).rejects.toThrow('kid 1')
})
