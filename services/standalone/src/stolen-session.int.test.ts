import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from '@auto-refresh/test-engines'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runEntry, startMain, type Running } from './testing/run-entry.ts'

const PASSWORD = 'correct horse battery'
const KEYS = { soc: crypto.randomUUID(), ops: crypto.randomUUID(), app: crypto.randomUUID() }
const OWNER = { agent: 'Firefox', address: '192.0.2.7' }
const THIEF = { agent: 'curl/8.5.0', address: '198.51.100.9' }
const SIDES = [
  { network: '198.51.100.0/24', agent: THIEF.agent },
  { network: '192.0.2.0/24', agent: OWNER.agent },
]

let running: Running
const environment: NodeJS.ProcessEnv = {
  REFRESH_GRACE_SECONDS: '0',
  TRUSTED_PROXIES: '127.0.0.1',
  DEMO_USER_PASSWORD: 'another horse battery',
  API_KEYS: `soc=admin:read:${KEYS.soc},ops=admin:write:${KEYS.ops},app=sessions:create:${KEYS.app}`,
}
beforeAll(async () => {
  environment['DATA_DIR'] = join(await mkdtemp(join(tmpdir(), 'stolen-')), 'data')
  running = await startMain(environment)
  await cli(['user', 'add', 'ayu', '--password-stdin'], PASSWORD)
  await cli(['user', 'add', 'sri', '--role', 'auditor', '--password-stdin'], PASSWORD)
})
afterAll(async () => {
  await running.end('SIGTERM')
  await rm(join(environment['DATA_DIR'] ?? '', '..'), { recursive: true })
})

const cli = async (args: string[], input?: string) => {
  const { code, stdout, stderr } = await runEntry('operations/cli.ts', {
    args,
    environment,
    ...(input === undefined ? {} : { input }),
  })
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${stderr}`)
  return stdout
}
type Data = Record<string, unknown> & {
  entries: Record<string, unknown>[]
  detections: Record<string, unknown>[]
}
async function call(
  method: string,
  path: string,
  {
    from = OWNER,
    body,
    bearer,
  }: { from?: typeof OWNER; body?: object; bearer?: string | undefined } = {},
) {
  const response = await fetch(`${running.url}/api/v1${path}`, {
    method,
    headers: {
      'user-agent': from.agent,
      'x-forwarded-for': from.address,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const { data, error } = (await response.json()) as { data: Data; error?: { code: string } }
  return { status: response.status, data, code: error?.code }
}
const signIn = async (username: string) =>
  (await call('POST', '/auth/token', { body: { username, password: PASSWORD } })).data
const refresh = (token: unknown, from = OWNER) =>
  call('POST', '/auth/refresh', { from, body: { refresh_token: token } })
const read = (path: string, bearer: string = KEYS.soc) => call('GET', `/admin${path}`, { bearer })

/** threat-monitor dates its patterns when it sees them. */
const withoutPatterns = ({ entries }: Data) => entries.filter(({ type }) => type !== 'suspicious')

describe('a stolen session', () => {
  let sessionId: string
  let userId: string
  let outcomes: unknown[]

  beforeAll(async () => {
    const own = await signIn('ayu')
    const me = await call('GET', '/auth/me', { bearer: String(own['access_token']) })
    sessionId = String(me.data['session_id'])
    userId = String(me.data['user_id'])
    const first = await refresh(own['refresh_token'])
    const stolen = await refresh(first.data['refresh_token'], THIEF)
    await refresh(stolen.data['refresh_token'], THIEF)
    // The owner's next refresh shows that two parties hold tokens.
    const reused = await refresh(first.data['refresh_token'])
    const ended = await call('DELETE', `/admin/users/${userId}/sessions`, { bearer: KEYS.ops })
    outcomes = [reused.code, ended.status]
    await eventually(async () => {
      const { data } = await read(`/users/${userId}/timeline`)
      return data.entries.some(({ type }) => type === 'suspicious')
    }, 30_000)
  })

  test.each(['session', 'user'] as const)(
    'is shown by the timeline of the %s: both sides, the end, and the administrator who acted',
    async (subject) => {
      const path = subject === 'user' ? `/users/${userId}` : `/sessions/${sessionId}`
      const { status, data } = await read(`${path}/timeline`)
      expect([status, ...outcomes]).toEqual([200, 'refresh_token_reused', 200])
      const types = data.entries.map(({ type }) => type)
      // The order of events that two services date in one millisecond is open.
      expect(types.filter((type) => type !== 'sign_in' && type !== 'suspicious')).toEqual([
        ...(subject === 'user' ? ['act'] : []),
        'issued',
        'refreshed',
        'refreshed',
        'reused',
        'act',
      ])
      expect(data.entries).toContainEqual(
        expect.objectContaining({ type: 'sign_in', outcome: 'succeeded', address: OWNER.address }),
      )
      const [byOwner, byThief] = data.entries.filter(({ type }) => type === 'refreshed')
      expect([byOwner, byThief]).toMatchObject([
        { count: 1, ...SIDES[1] },
        { count: 2, ...SIDES[0], generation: 2, last_generation: 3 },
      ])
      const reused = data.entries.find(({ type }) => type === 'reused')
      expect(reused).toMatchObject({
        rotated: SIDES[0],
        presented: SIDES[1],
        session_id: sessionId,
      })
      expect(withoutPatterns(data).at(-1)).toMatchObject({ type: 'act', actor: 'key:ops' })
      expect(data.entries.some(({ pattern }) => pattern === 'reuse')).toBe(true)
      const times = data.entries.map(({ at }) => String(at))
      expect(times).toEqual(times.toSorted())
      expect(times.every((time) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(time))).toBe(
        true,
      )

      const newest = await read(`${path}/timeline?order=newest`)
      expect(withoutPatterns(newest.data)[0]).toMatchObject({ type: 'act', actor: 'key:ops' })
    },
  )

  test('is shown at the command line too, without psql', async () => {
    const [ofUser, ofSession] = await Promise.all([
      cli(['user', 'timeline', 'ayu']),
      cli(['session', 'timeline', sessionId, '--newest']),
    ])
    for (const text of [ofUser, ofSession]) {
      expect(text).toMatch(/REUSED, session ended: last rotation .* "curl\/8\.5\.0" .*"Firefox"/)
      expect(text).toContain(`ACT of key:ops on user ${userId}: sessions_revoked`)
      expect(text).toContain(`from ${OWNER.address} "Firefox"`)
    }
    expect(ofSession.indexOf('REUSED')).toBeLessThan(ofSession.indexOf('issued'))
    await expect(cli(['user', 'timeline', 'nobody'])).rejects.toThrow('There is no user nobody')
  })

  test('the command line finds a user of another login by the external id; a name leads to ids', async () => {
    const user = { external_id: 'idp|7', username: 'noor@example.com' }
    const client = { address: OWNER.address, agent: OWNER.agent }
    await call('POST', '/auth/sessions', { bearer: KEYS.app, body: { user, client } })
    const [, id] = /^user +(\S+)$/m.exec(await cli(['user', 'show', 'idp|7'])) ?? []
    expect(await cli(['user', 'timeline', 'idp|7'])).toContain('sign-in succeeded (external)')
    await expect(cli(['user', 'erase', 'noor@example.com'])).rejects.toThrow(
      `There is no user noor@example.com who signs in here; give the id: ${id}`,
    )
    expect((await read(`/users/${id}`)).data).toMatchObject(user)
  })

  test('is among the detections, with both sides', async () => {
    const { data } = await read(`/detections?type=reuse&user_id=${userId}`)
    expect(data.detections).toMatchObject([
      {
        type: 'reuse',
        severity: 'high',
        user_id: userId,
        session_id: sessionId,
        rotated: SIDES[0],
        presented: SIDES[1],
      },
    ])
    expect((await read('/detections?type=spraying')).data.detections).toEqual([])
    expect((await read('/detections?since=2100-01-01T00:00:00Z')).data.detections).toEqual([])
  })

  test('an auditor reads it and can end nothing; every read is logged with the actor', async () => {
    const auditor = String((await signIn('sri'))['access_token'])
    expect((await read(`/users/${userId}/timeline`, auditor)).status).toBe(200)
    expect((await read('/detections', auditor)).status).toBe(200)
    for (const path of [`/admin/users/${userId}/sessions`, `/admin/sessions/${sessionId}`])
      expect((await call('DELETE', path, { bearer: auditor })).status).toBe(403)
    await eventually(() =>
      /"event":"timeline_read","actor":"key:soc".*"event":"timeline_read","actor":"user:[^"]+"/s.test(
        running.output(),
      ),
    )
  })

  test.each([
    ['/users/x/timeline', 400],
    ['/users/00000000-0000-4000-8000-000000000000/timeline', 404],
    ['/sessions/00000000-0000-4000-8000-000000000000/timeline', 404],
    ['/sessions/ffffffff-ffff-7fff-bfff-ffffffffffff/timeline', 404],
    ['/users/USER/timeline?cursor=x', 400],
    ['/users/USER/timeline?cursor=', 400],
    ['/users/USER/timeline?order=random', 400],
    ['/users/USER/timeline?since=yesterday', 400],
    ['/users/USER/timeline?since=2026-06-30T23:59:60Z', 400],
    ['/users/USER/timeline?since=0000-01-01T00:00:00Z', 400],
    ['/users/USER/timeline?more=1', 400],
    ['/users/USER/timeline?order=oldest&order=newest', 400],
    ['/detections?type=unknown', 400],
    ['/detections?user_id=%27%20or%20true', 400],
    ['/detections?cursor=e30', 400],
  ])('GET %s is %i', async (path, status) => {
    expect((await read(path.replace('USER', userId))).status).toBe(status)
  })

  test('without a credential, or with one for something else, nothing is read', async () => {
    const ofUser = String((await signIn('ayu'))['access_token'])
    for (const path of [
      `/users/${userId}/timeline`,
      `/sessions/${sessionId}/timeline`,
      '/detections',
    ]) {
      expect((await call('GET', `/admin${path}`)).status).toBe(401)
      expect((await read(path, ofUser)).status).toBe(403)
      expect((await read(path, 'x'.repeat(32))).status).toBe(401)
    }
  })
})
