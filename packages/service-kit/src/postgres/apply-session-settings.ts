import type { ClientBase } from 'pg'

export type Deadlines = Readonly<{
  /** milliseconds; 0 for no deadline */
  statementMs: number
  lockMs: number
  idleInTransactionMs: number
  /** whether deadlines in the connection URL take precedence */
  urlWins: boolean
}>

/**
 * Settings that the code depends on and that a server, a database or a role may override.
 * `DateStyle` is the format of times, `TimeZone` the length of a day, `array_nulls` the meaning of
 * NULL in an array parameter.
 */
const NEEDED: Readonly<Record<string, string>> = {
  DateStyle: 'ISO, MDY',
  TimeZone: 'UTC',
  IntervalStyle: 'postgres',
  extra_float_digits: '1',
  bytea_output: 'hex',
  standard_conforming_strings: 'on',
  array_nulls: 'on',
  search_path: 'public',
  default_transaction_isolation: 'read committed',
}

/**
 * Sets the settings that the code depends on, in one round trip for each new connection. It uses a
 * statement, because poolers such as PgBouncer reject the start-up parameter `options`.
 *
 * - `synchronous_commit=off` becomes `on`: an acknowledged change must survive a crash. Stronger
 *   values stay.
 * - `default_transaction_read_only` stays: some providers set it when a disk is full.
 * - Settings unknown to this version of Postgres are skipped.
 */
export async function applySessionSettings(
  client: ClientBase,
  deadlines: Deadlines,
): Promise<void> {
  const timeouts = {
    statement_timeout: deadlines.statementMs,
    lock_timeout: deadlines.lockMs,
    idle_in_transaction_session_timeout: deadlines.idleInTransactionMs,
    idle_session_timeout: 0,
    transaction_timeout: 0,
  }
  await client.query({
    text: `
      select pg_catalog.set_config(s.name, w.value, false)
      from unnest($1::text[], $2::text[], $3::boolean[]) as w(name, value, needed)
      join pg_catalog.pg_settings s on lower(s.name) = lower(w.name)
      where (w.needed or s.source <> 'client') and (s.name <> 'synchronous_commit' or s.setting = 'off')`,
    values: [
      [...Object.keys(NEEDED), 'synchronous_commit', ...Object.keys(timeouts)],
      [...Object.values(NEEDED), 'on', ...Object.values(timeouts).map(String)],
      [
        ...Object.keys(NEEDED).map(() => true),
        true,
        ...Object.keys(timeouts).map(() => !deadlines.urlWins),
      ],
    ],
  })
}
