import { hash } from 'bcrypt'
import { Client } from 'pg'
import {
  DUMP_ADMIN_KEY,
  DUMP_PASSWORD as PASSWORD,
  eventually,
  type DumpedSession,
} from '@auto-refresh/test-engines'
import { ageSession, sessionIdOf } from './age-session.ts'
import { call, login, me, refresh, retryUntilAnswered, toPair, type Pair } from './api.ts'
import type { IdentityProvider } from './start-identity-provider.ts'

type Operate = (
  name: 'user' | 'session' | 'keys',
  args: string[],
  input?: string,
) => Promise<string>
type Options = Readonly<{ url: string; databaseUrl: string; operate: Operate }>

const USERS = ['ayu', 'budi', 'citra', 'dewi', 'eko']
const ISSUED = { 'user-agent': 'phone' }

/**
 * Makes a row of every kind in a running release, by its own API and commands: SQL only lets time
 * pass. Returns the sessions with what must come of them.
 */
export async function fillRelease(
  { url, databaseUrl, operate }: Options,
  idp: IdentityProvider,
): Promise<DumpedSession[]> {
  const sql = new Client({ connectionString: databaseUrl })
  await sql.connect()
  const admin = (method: string, path: string, body?: object) =>
    call(url, method, `/api/v1${path}`, {
      headers: { authorization: `Bearer ${DUMP_ADMIN_KEY}` },
      ...(body === undefined ? {} : { body }),
    })
  const idOf = async (name: string) =>
    (await sql.query(`select id from auth_api.users where username = $1`, [name])).rows[0]?.id
  const signIn = (user: string, password = PASSWORD) => login(url, user, password)
  const rotated = async (pair: Pair, times: number) => {
    for (let i = 0; i < times; i += 1) pair = toPair(await refresh(url, pair.refresh))
    return pair
  }
  const sessions: DumpedSession[] = []
  const keep = (what: string, { refresh: newest }: Pair, expected: string) =>
    sessions.push({ what, newest, expected })

  for (const username of USERS)
    await must(admin('POST', '/admin/users', { username, password: PASSWORD }))
  // A password that was hashed elsewhere, one that nobody has used here yet.
  const imported = { username: 'fajar', password_hash: await hash(PASSWORD, 4) }
  await operate('user', ['import', '-'], JSON.stringify(imported))
  await operate('user', ['add', 'gita', '--no-password'])
  await operate('user', ['password-token', 'gita'])

  for (const generation of [0, 1, 5, 30])
    keep(`generation ${generation}`, await rotated(await signIn('ayu'), generation), 'refreshed')
  const ended = await rotated(await signIn('ayu'), 2)
  await must(call(url, 'POST', '/api/v1/auth/logout', { body: { refresh_token: ended.refresh } }))
  keep('logged out', ended, 'refresh_token_revoked')

  const stolen = await signIn('ayu')
  const last = await rotated(stolen, 2)
  await ageSession(databaseUrl, stolen.refresh)
  await refresh(url, stolen.refresh, { 'user-agent': 'thief' })
  keep('stolen', last, 'refresh_token_revoked')

  const idle = await rotated(await signIn('eko'), 1)
  await sql.query(
    `update token_store.sessions set rotated_at = rotated_at - interval '8 days',
       authenticated_at = authenticated_at - interval '8 days',
       access_expires_at = access_expires_at - interval '8 days',
       idle_until = idle_until - interval '8 days' where id = $1`,
    [sessionIdOf(idle.refresh)],
  )
  keep('not used for a week', idle, 'refresh_token_expired')

  const changing = await signIn('budi')
  keep('before a change of the password', await signIn('budi'), 'refresh_token_revoked')
  await must(
    call(url, 'POST', '/api/v1/auth/password', {
      headers: { authorization: `Bearer ${changing.access}` },
      body: { current_password: PASSWORD, new_password: `${PASSWORD} 2` },
    }),
  )
  keep('changed the password', await rotated(changing, 1), 'refreshed')

  keep('of a disabled user', await rotated(await signIn('citra'), 1), 'user_inactive')
  await must(admin('PATCH', `/admin/users/${await idOf('citra')}`, { active: false }))
  keep('of a promoted user', await rotated(await signIn('eko'), 3), 'refreshed')
  await operate('user', ['set-role', 'eko', 'auditor'])

  const external = { external_id: 'users/1084', username: 'ayu', claims: { tenant: 't1' } }
  const client = { address: '203.0.113.7', agent: 'phone' }
  const opened = await must(
    admin('POST', '/auth/sessions', { user: external, client, amr: ['pwd', 'otp'] }),
  )
  keep('of another login', toPair(opened), 'refreshed')
  const response = await fetch(`${url}/oauth2/token`, {
    method: 'POST',
    headers: ISSUED,
    body: new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: await idp.signIn('7'),
      subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
    }),
  })
  const { refresh_token: exchanged = '' } = (await response.json()) as { refresh_token?: string }
  keep('of an identity provider', { access: '', refresh: exchanged }, 'refreshed')

  for (const password of ['wrong', 'wrong again'])
    await call(url, 'POST', '/api/v1/auth/token', { body: { username: 'ayu', password } })
  // The next key signs: tokens of the first one are to be refreshed.
  const active = await sql.query(`select kid from auth_api.signing_keys where state = 'active'`)
  await operate('keys', ['retire', active.rows[0]?.kid])
  keep('of a retired signing key', await rotated(await signIn('ayu'), 1), 'refreshed')

  const after = await signIn('ayu')
  keep('after the change of keys', after, 'refreshed')
  await eventually(async () => (await me(url, after.access)).status === 200)
  await eventually(
    async () =>
      (await sql.query('select from token_store.outbox limit 1')).rowCount === 0 &&
      (await sql.query('select from auth_api.notices limit 1')).rowCount !== 0,
  )
  // An event of a time that has no partition, as from before the partitions.
  await sql.query(
    `insert into cleanup.audit_events
       (event_id, topic, type, key, session_id, session_seq, user_id, occurred_at, data)
     select gen_random_uuid(), topic, type, key, session_id, session_seq, user_id,
       occurred_at - interval '30 days', data
     from cleanup.audit_records where type = 'session.issued.v1' limit 3`,
  )
  await sql.end()
  return sessions
}

/** While no process runs, events and an erasure stay for the next one. */
export async function leaveWork({ operate }: Pick<Options, 'operate'>, sessions: DumpedSession[]) {
  const last = sessions.find(({ what }) => what === 'generation 1')
  if (last === undefined) throw new Error('no session to end')
  await operate('session', ['end', sessionIdOf(last.newest)])
  await operate('user', ['erase', 'dewi'])
  return sessions.map((session) =>
    session === last
      ? { ...session, what: 'ended at the command line', expected: 'refresh_token_revoked' }
      : session,
  )
}

async function must(request: Promise<Awaited<ReturnType<typeof call>>>) {
  const answer = await retryUntilAnswered(() => request)
  if (answer.status >= 300) throw new Error(`Refused: ${answer.status} ${answer.text}`)
  return answer
}
