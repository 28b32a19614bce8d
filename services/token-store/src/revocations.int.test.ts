import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestTokenStores, type TestTokenStores } from './testing/test-token-store.ts'

let t: TestTokenStores
beforeAll(async () => {
  t = await startTestTokenStores()
})
afterAll(() => t.stop())

/** Copies of one session, revoked a moment apart; `lives` is the rest of their access tokens' life. */
async function endMany(
  sessionId: string,
  count: number,
  { endedAgo, lives }: { endedAgo: string; lives: string },
) {
  await t.sql.query(`
    insert into token_store.sessions
    select (jsonb_populate_record(s, jsonb_build_object('id', gen_random_uuid(), 'revoke_reason', 'logout',
      'revoked_at', now() - '${endedAgo}'::interval + (i / 100) * interval '1 microsecond',
      'access_expires_at', now() + '${lives}'::interval))).*
    from token_store.sessions s, generate_series(1, ${count}) i where s.id = '${sessionId}'`)
}

async function readPages(sinceMs?: number) {
  const pages: number[] = []
  const sessions = new Set<string>()
  let readToMs = 0
  let after: string | undefined
  do {
    const answer = await t.store.revocations({
      ...(sinceMs === undefined ? {} : { sinceMs }),
      page: after === undefined ? {} : { after },
    })
    pages.push(answer.revocations.length)
    for (const { sessionId } of answer.revocations) sessions.add(sessionId)
    // No later page returns a session that ended before the `readToMs` of this one.
    const revokedAtMs = answer.revocations.map((revocation) => revocation.revokedAtMs)
    expect(Math.min(...revokedAtMs)).toBeGreaterThanOrEqual(readToMs)
    expect(answer.readToMs).toBeGreaterThanOrEqual(readToMs)
    readToMs = answer.readToMs ?? NaN
    if (answer.next === undefined) expect(readToMs).toBe(answer.nowMs)
    after = answer.next
  } while (after !== undefined)
  return { pages, sessions }
}

test('the revocation list is read in bounded pages without gaps or repeats, past sessions with expired tokens', async () => {
  const { session } = await t.issue()
  await endMany(session.id, 7000, { endedAgo: '2 hours', lives: '-90 minutes' })
  await endMany(session.id, 12_000, { endedAgo: '5 minutes', lives: '25 minutes' })
  const { pages, sessions } = await readPages()
  expect(sessions.size).toBe(12_000)
  expect(pages.reduce((sum, size) => sum + size, 0)).toBe(12_000)
  expect(pages.length).toBeGreaterThan(2)
  expect(Math.max(...pages)).toBeLessThanOrEqual(5000)
  expect((await readPages(Date.now() - 60_000)).sessions.size).toBe(0)
  // an auth-api of the previous release asks without pages
  expect((await t.store.revocations({})).revocations).toHaveLength(12_000)
})

test('the end of a session names the administrator in its event, once, and can be inspected', async () => {
  const { session } = await t.issue()
  const sessionId = session.id
  expect(await t.store.inspect({ sessionId })).not.toHaveProperty('ended')
  await t.store.revokeSession({ sessionId, reason: 'admin', actor: 'key:console' })
  await t.store.revokeSession({ sessionId, reason: 'admin', actor: 'key:other' })
  expect(await t.store.inspect({ sessionId })).toMatchObject({
    outcome: 'found',
    active: false,
    ended: { reason: 'admin', atMs: expect.closeTo(Date.now(), -5) as number },
  })
  const ended = () =>
    t.events.filter(({ type, key }) => type === 'session.revoked.v1' && key === sessionId)
  await expect.poll(() => ended().length).toBeGreaterThan(0)
  expect(ended().map(({ data }) => data)).toMatchObject([{ reason: 'admin', actor: 'key:console' }])
})
