import { Client } from 'pg'
import { mintRefreshToken, toNonce } from './mint-refresh-token.ts'

const SESSIONS = 'token_store.sessions'
const ROWS_A_STATEMENT = 50_000
const CONNECTIONS = 2
const SESSIONS_A_USER = 2
/** Live sessions began within these days. */
const LIVE_DAYS = 6
const EXPIRED_DAYS = 20
/**
 * A session that refreshes every 25 minutes enters a new `sweep_bucket` (six hours) with one
 * rotation in 14, and that update is not HOT.
 */
const NEW_BUCKET_OF_1024 = 73

/** Columns of generated sessions that differ from those of the real session `s`. */
const OWN_COLUMNS: Readonly<Record<string, string>> = {
  id: 'g.id',
  user_id: 'g.user_id',
  nonce_hash: `sha256(decode(md5('nonce ' || g.i), 'hex'))`,
  network: `'10.' || g.i / 256 % 256 || '.' || g.i % 256 || '.0/24'`,
  authenticated_at: 's.authenticated_at - g.age',
  expires_at: 's.expires_at - g.age',
  keep_until: 's.keep_until - g.age',
  idle_until: 's.idle_until - g.idle',
  rotated_at: 's.rotated_at - g.idle',
  mark_at: 's.mark_at - g.idle',
  access_expires_at: 's.access_expires_at - g.idle',
  bucket_at: 's.bucket_at - g.idle',
  sweep_bucket: `ceil(extract(epoch from greatest(s.idle_until, s.access_expires_at) - g.idle)
    / 21600)::bigint - (hashint4(g.i) & 1023 < ${NEW_BUCKET_OF_1024})::int`,
}

/** SQL of the time since the sign-in and of that since the last rotation. */
type Ages = Readonly<{ age: string; idle: string }>
const toLive = (sessions: number): Ages => ({
  age: `interval '${LIVE_DAYS} days' * (1 - i::float8 / ${sessions})`,
  idle: `interval '0'`,
})
const EXPIRED: Ages = {
  age: `interval '${EXPIRED_DAYS} days'`,
  idle: `interval '${EXPIRED_DAYS} days'`,
}

/** The id is a UUIDv7 of the time of the sign-in, so it is known without a look-up. */
const toGenerated = ({ age, idle }: Ages, users: number) => `
  select i, ${age} as age, ${idle} as idle, md5('user ' || i % ${users})::uuid as user_id,
    (lpad(to_hex((extract(epoch from $1::timestamptz - ${age}) * 1000)::bigint), 12, '0')
      || '7' || left(md5(i::text), 3) || 'a' || right(md5(i::text), 15))::uuid as id
  from generate_series($2::int, $3::int) i`

/**
 * Adds copies of the only session of the database, with distinct ids, users, nonces, networks and
 * times. Returns a function that mints the tokens of the live ones.
 */
export async function fillSessions(client: Client, sessions: number, key: Buffer) {
  const users = Math.ceil(sessions / SESSIONS_A_USER)
  await client.query(`create table public.bench_session as select * from ${SESSIONS}`)
  const {
    rows: [real],
  } = await client.query<{ at: string }>(
    'select authenticated_at::text as at from public.bench_session',
  )
  if (real === undefined) throw new Error('There is no session to copy')
  const indexes = await dropIndexes(client)
  await client.query(`alter table ${SESSIONS} set (autovacuum_enabled = off)`)
  // In the order of both indexes, so that they grow at their ends.
  await client.query(
    `insert into auth_api.users (id, username, username_key, role, password_hash)
     select h::uuid, 'user ' || h, 'user ' || h, 'user', u.password_hash
     from (select md5('user ' || i) as h from generate_series(0, $1::int - 1) i order by 1) g,
       (select password_hash from auth_api.users limit 1) u`,
    [users],
  )
  const live = toLive(sessions)
  await addSessions(client, { at: real.at, count: sessions, users, ages: live })
  for (const index of indexes) await client.query(index)
  await client.query(`alter table ${SESSIONS} reset (autovacuum_enabled)`)
  await client.query(`vacuum (analyze) ${SESSIONS}`)
  await client.query('vacuum (analyze) auth_api.users')

  return {
    /** Returns the tokens of `count` sessions that are spread over the table, in random order. */
    async mintTokens(count: number): Promise<string[]> {
      const step = Math.max(1, Math.floor(sessions / count))
      const { rows } = await client.query<{ i: number; id: string }>(
        `select i, id::text from (${toGenerated(live, users)}) g where i % $4::int = 0`,
        [real.at, 0, sessions - 1, step],
      )
      return rows
        .map(({ i, id }) => ({
          order: Math.random(),
          token: mintRefreshToken(key, id, toNonce(i)),
        }))
        .toSorted((a, b) => a.order - b.order)
        .map(({ token }) => token)
    },
    /** Adds sessions that are due for clean-up. */
    addExpired: (count: number) =>
      addSessions(client, { at: real.at, count, users, ages: EXPIRED, from: sessions }),
  }
}

async function addSessions(
  client: Client,
  {
    at,
    count,
    users,
    ages,
    from = 0,
  }: { at: string; count: number; users: number; ages: Ages; from?: number },
): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `select attname as name from pg_attribute
     where attrelid = '${SESSIONS}'::regclass and attnum > 0 and not attisdropped`,
  )
  const names = rows.map(({ name }) => name)
  const text = `insert into ${SESSIONS} (${names.join(', ')})
    select ${names.map((name) => OWN_COLUMNS[name] ?? `s.${name}`).join(', ')}
    from (${toGenerated(ages, users)}) g, public.bench_session s`
  let next = 0
  async function add(): Promise<void> {
    const { host, port, user, password, database } = client
    const own = new Client({ host, port, user, password, database })
    await own.connect()
    try {
      // The clean-up must not begin before all are there.
      await own.query('begin')
      while (next < count) {
        const first = next
        next += ROWS_A_STATEMENT
        await own.query(text, [at, from + first, from + Math.min(next, count) - 1])
      }
      await own.query('commit')
    } finally {
      await own.end()
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, add))
}

/** Drops the indexes that are no constraint, and returns the statements that create them again. */
async function dropIndexes(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string; definition: string }>(
    `select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition
     from pg_index i where indrelid = '${SESSIONS}'::regclass
       and not exists (select from pg_constraint c where c.conindid = i.indexrelid)`,
  )
  for (const { name } of rows) await client.query(`drop index ${name}`)
  return rows.map(({ definition }) => definition)
}
