import { readFile } from 'node:fs/promises'
import { AUTH_API_MIGRATIONS } from '@auto-refresh/auth-api'
import { CLEANUP_WORKER_MIGRATIONS } from '@auto-refresh/cleanup-worker'
import { createPool, migrate } from '@auto-refresh/service-kit/postgres'
import { createTestDatabase } from '@auto-refresh/test-engines'
import { TOKEN_STORE_MIGRATIONS } from '@auto-refresh/token-store'
import { afterAll, beforeAll, expect, test } from 'vitest'

type Pool = ReturnType<typeof createPool>
const stack = new AsyncDisposableStack()
let owner: Pool
let auditor: Pool
let databaseName: string
const PASSWORD = 'only-for-this-test'
const SCHEMAS = `('auth_api', 'token_store', 'cleanup')`

const readDeployed = (name: string) =>
  readFile(new URL(`../../../deploy/postgres/${name}`, import.meta.url), 'utf8')
const openPool = (url: string) =>
  stack.adopt(createPool({ url, applicationName: 'test', max: 2, onError: () => {} }), (pool) =>
    pool.end(),
  )

/** Runs roles.sql and grants.sql as shipped; psql would run the rows of `\gexec`. */
async function deployRoles(pool: Pool, database: string): Promise<void> {
  const [roles = '', privileges = ''] = (await readDeployed('roles.sql')).split('\\gexec')
  const { rows } = await pool.query<{ format: string }>(roles.replace(/^\\set .*$/m, ''))
  // Roles belong to the server, which other tests share, and may have been added meanwhile.
  for (const { format } of rows)
    await pool.query(
      `do $$ begin ${format}; exception when duplicate_object or unique_violation then null; end $$`,
    )
  await pool.query(privileges.replaceAll(':"DBNAME"', `"${database}"`))
  await pool.query(await readDeployed('grants.sql'))
}

beforeAll(async () => {
  const { url } = stack.adopt(await createTestDatabase(), ({ drop }) => drop())
  for (const migrations of [TOKEN_STORE_MIGRATIONS, AUTH_API_MIGRATIONS, CLEANUP_WORKER_MIGRATIONS])
    await migrate({ url, ...migrations, log: () => {} })
  owner = openPool(url)
  databaseName = new URL(url).pathname.slice(1)
  await deployRoles(owner, databaseName)
  await owner.query(`alter role auditor password '${PASSWORD}'`)
  const asAuditor = new URL(url)
  asAuditor.username = 'auditor'
  asAuditor.password = PASSWORD
  // A role can change its own default, so the grants alone must deny every change.
  asAuditor.searchParams.set('options', '-c default_transaction_read_only=off')
  auditor = openPool(asAuditor.href)
  await owner.query(
    `insert into auth_api.users (username, username_key, role, password_hash) values ('ayu', 'ayu', 'user', 'THE-HASH')`,
  )
  await owner.query(
    `insert into cleanup.audit_events (event_id, topic, type, key, occurred_at, data)
     values (gen_random_uuid(), 't', 'session.revoked.v1', 'k', now(), '{}')`,
  )
})
afterAll(() => stack.disposeAsync())

test('the role auditor reads the audit trail, sign-ins, acts and users', async () => {
  for (const select of [
    'select * from cleanup.audit_events',
    'select at, outcome, user_id, address from auth_api.login_audit',
    'select at, actor, act, user_id, session_id, details from auth_api.admin_acts',
    'select id, username, role, active from auth_api.users',
  ])
    expect((await auditor.query(select)).rows).toBeInstanceOf(Array)
  expect((await auditor.query('select type from cleanup.audit_events')).rowCount).toBe(1)
})

test('it may change no table, column, sequence or schema, and call no function of the product', async () => {
  const { rows } = await owner.query(`
    select c.oid::regclass::text as of, 'table' as kind from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ${SCHEMAS} and c.relkind in ('r', 'p', 'v', 'm', 'f')
      and (has_table_privilege('auditor', c.oid, 'insert, update, delete, truncate, references, trigger')
        or has_any_column_privilege('auditor', c.oid, 'insert, update, references'))
    union all
    select c.oid::regclass::text, 'sequence' from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ${SCHEMAS} and c.relkind = 'S'
      and case c.relkind when 'S' then has_sequence_privilege('auditor', c.oid, 'usage, select, update') end
    union all
    select p.oid::regprocedure::text, 'function' from pg_proc p
    join pg_namespace n on n.oid = p.pronamespace
    where n.nspname in ${SCHEMAS} and has_function_privilege('auditor', p.oid, 'execute')
    union all
    select nspname, 'schema' from pg_namespace
    where nspname in ${SCHEMAS} and has_schema_privilege('auditor', oid, 'create')
    union all
    select datname, 'database' from pg_database
    where datname = current_database() and has_database_privilege('auditor', oid, 'create, temporary')
    union all
    select rolname, 'role' from pg_roles
    where rolname = 'auditor' and (rolsuper or rolcreaterole or rolcreatedb or rolbypassrls or rolreplication)`)
  expect(rows).toEqual([])
})

test('it reads no password hash, no key, no token and no other secret', async () => {
  const { rows } = await owner.query<{ readable: string }>(`
    select a.attrelid::regclass || '.' || a.attname as readable
    from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ${SCHEMAS} and c.relkind in ('r', 'p', 'v') and a.attnum > 0 and not a.attisdropped
      and has_column_privilege('auditor', c.oid, a.attnum, 'select')
    order by 1`)
  const readable = rows.map((row) => row.readable)
  expect([...new Set(readable.map((name) => name.split('.').slice(0, 2).join('.')))]).toEqual([
    'auth_api.admin_acts',
    'auth_api.login_audit',
    'auth_api.users',
    'cleanup.audit_events',
  ])
  expect(readable.filter((name) => /hash|key|secret|token|password/.test(name))).toEqual([
    // An HMAC of the name, under a key that the role does not have.
    'auth_api.login_audit.username_hash',
    'cleanup.audit_events.key',
  ])
})

test.each([
  'select password_hash from auth_api.users',
  'select * from auth_api.users',
  'select * from auth_api.signing_keys',
  'select * from token_store.sessions',
  'select * from cleanup.audit_rotations',
  `update auth_api.users set role = 'admin'`,
  'delete from cleanup.audit_events',
  `insert into cleanup.audit_events (event_id, topic, type, key, occurred_at, data)
   values (gen_random_uuid(), 't', 'x', 'k', now(), '{}')`,
  `update auth_api.login_audit set outcome = 'succeeded'`,
  'delete from auth_api.admin_acts',
  `select cleanup.drop_audit_partition('audit_records', 1, now())`,
  `select * from token_store.sweep(1, now(), true)`,
  'create table cleanup.x ()',
  'create temporary table x ()',
])('%s is denied', async (statement) => {
  await expect(auditor.query(statement)).rejects.toMatchObject({ code: '42501' })
})

test('its transactions only read, and end after 30 s', async () => {
  await deployRoles(owner, databaseName)
  const { rows } = await owner.query(
    `select rolconnlimit, rolconfig from pg_roles where rolname = 'auditor'`,
  )
  const rolconfig = expect.arrayContaining([
    'default_transaction_read_only=on',
    'statement_timeout=30s',
    'idle_in_transaction_session_timeout=30s',
  ]) as string[]
  expect(rows).toEqual([{ rolconnlimit: 3, rolconfig }])
})

test('an installation without the role gets the grants of its services', async () => {
  await owner.query('revoke all on auth_api.admin_acts from auth_api')
  const grants = await readDeployed('grants.sql')
  await owner.query(grants.replaceAll(/\bauditor\b/g, 'no_such_role'))
  const { rows } = await owner.query(
    `select has_table_privilege('auth_api', 'auth_api.admin_acts', 'insert') as granted`,
  )
  expect(rows).toEqual([{ granted: true }])
})
