import type { Session } from '../../domain/session.ts'

/** The type of a column's parameter, and how its values are converted. */
type Kind = Readonly<{
  parameter: 'uuid' | 'text' | 'smallint' | 'integer' | 'bigint' | 'float8'
  /** SQL that converts the parameter to the column's type */
  toColumn?(value: string): string
  /** converts what the pool's type parsers return to the field of `Session` */
  toField?(value: unknown): unknown
}>

const KINDS = {
  uuid: { parameter: 'uuid' },
  text: { parameter: 'text' },
  smallint: { parameter: 'smallint' },
  integer: { parameter: 'integer' },
  bigint: { parameter: 'bigint' },
  float: { parameter: 'float8' },
  /** timestamptz; Unix milliseconds in `Session` */
  time: { parameter: 'float8', toColumn: (value) => `to_timestamp(${value} / 1000)` },
  /** bytea; hex in `Session` */
  bytes: {
    parameter: 'text',
    toColumn: (value) => `decode(${value}, 'hex')`,
    toField: (value) => (value === null ? null : (value as Buffer).toString('hex')),
  },
} satisfies Record<string, Kind>
type KindName = keyof typeof KINDS

type KindFor<Field> =
  NonNullable<Field> extends number
    ? 'smallint' | 'integer' | 'bigint' | 'float' | 'time'
    : 'uuid' | 'text' | 'bytes'
type Column<Name extends KindName> = Readonly<{ name: string; kind: Name; isFixed: boolean }>

/** Written by an insert only. */
const fixed = <Name extends KindName>(name: string, kind: Name): Column<Name> => ({
  name,
  kind,
  isFixed: true,
})
/** Written by an insert and by every change of the session. */
const changing = <Name extends KindName>(name: string, kind: Name): Column<Name> => ({
  name,
  kind,
  isFixed: false,
})

/**
 * The columns of token_store.sessions by the field of `Session`: all that is read and written.
 * `sweep_bucket` is derived. A new field is added to `Session`, here, and in a migration.
 */
const BY_FIELD: { [Field in keyof Session]-?: Column<KindFor<Session[Field]>> } = {
  id: fixed('id', 'uuid'),
  userId: fixed('user_id', 'uuid'),
  userVersion: fixed('user_version', 'bigint'),
  clientId: fixed('client_id', 'text'),
  generation: changing('generation', 'bigint'),
  macKid: changing('mac_kid', 'smallint'),
  nonceHash: fixed('nonce_hash', 'bytes'),
  authenticatedAtMs: fixed('authenticated_at', 'time'),
  expiresAtMs: fixed('expires_at', 'time'),
  idleUntilMs: changing('idle_until', 'time'),
  keepUntilMs: fixed('keep_until', 'time'),
  rotatedAtMs: changing('rotated_at', 'time'),
  floorGeneration: changing('floor_generation', 'bigint'),
  markGeneration: changing('mark_generation', 'bigint'),
  markAtMs: changing('mark_at', 'time'),
  attemptHash: changing('attempt_hash', 'bytes'),
  seq: changing('seq', 'bigint'),
  accessExpiresAtMs: changing('access_expires_at', 'time'),
  // These columns count points; their names are older.
  rotationPoints: changing('rotation_tokens', 'float'),
  replayPoints: changing('replay_tokens', 'float'),
  bucketAtMs: changing('bucket_at', 'time'),
  network: changing('network', 'text'),
  agent: changing('agent', 'text'),
  suspectGeneration: changing('suspect_generation', 'bigint'),
  suspectStreak: changing('suspect_streak', 'integer'),
  formerNetwork: changing('former_network', 'text'),
  formerGeneration: changing('former_generation', 'bigint'),
  suspectNetwork: changing('suspect_network', 'text'),
  suspectRun: changing('suspect_run', 'integer'),
  agentGeneration: changing('agent_generation', 'bigint'),
  agentFollows: changing('agent_follows', 'integer'),
  notedGeneration: changing('noted_generation', 'bigint'),
  notedPlace: changing('noted_place', 'text'),
  notedEvents: changing('noted_events', 'integer'),
  regressedAtMs: changing('regressed_at', 'time'),
  revokedAtMs: changing('revoked_at', 'time'),
  revokeReason: changing('revoke_reason', 'text'),
}

/** A column with its field, the type of its parameter and its conversions. */
export type SessionColumn = Readonly<{
  field: keyof Session
  name: string
  isFixed: boolean
  parameter: Kind['parameter']
  toColumn(value: string): string
  toField(value: unknown): unknown
}>

const asIs = <T>(value: T) => value
export const SESSION_COLUMNS: readonly SessionColumn[] = Object.entries(BY_FIELD).map(
  ([field, { name, kind, isFixed }]) => ({
    field: field as keyof Session,
    name,
    isFixed,
    toColumn: asIs,
    toField: asIs,
    ...KINDS[kind],
  }),
)

/**
 * For `select`, by name: a prepared `select *` fails on every open connection when a migration adds
 * a column.
 */
export const SESSION_COLUMN_NAMES = SESSION_COLUMNS.map(({ name }) => name).join(', ')

/**
 * SQL of `sweep_bucket`: the end of a session in units of six hours, rounded up. Both parameters are
 * SQL of Unix milliseconds.
 */
export const toSweepBucket = (idleUntil: string, accessExpiresAt: string) =>
  `ceil(greatest(${idleUntil}, ${accessExpiresAt}) / 21600000)::bigint`

/** A row as the pool's type parsers return it. */
export type SessionRow = Readonly<Record<string, unknown>>

/** With all fields, because an object that gets more than a few by assignment becomes slow. */
const EMPTY = Object.fromEntries(SESSION_COLUMNS.map(({ field }) => [field, null]))

/**
 * Converts a row to a session. The types of `BY_FIELD` check that a field is a number or a text; its
 * kind must match the migration.
 */
export function toSession(row: SessionRow): Session {
  const session: Record<string, unknown> = { ...EMPTY }
  for (const { field, name, toField } of SESSION_COLUMNS) session[field] = toField(row[name])
  return session as unknown as Session
}
