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
type Role = 'fixed' | 'rotating' | 'rare'
type Column<Name extends KindName> = Readonly<{ name: string; kind: Name; role: Role }>

/** Written by an insert only. */
const fixed = <Name extends KindName>(name: string, kind: Name): Column<Name> => ({
  name,
  kind,
  role: 'fixed',
})
/** Written by every change of the session. */
const rotating = <Name extends KindName>(name: string, kind: Name): Column<Name> => ({
  name,
  kind,
  role: 'rotating',
})
/** Written if a change of the batch has another value in one of these: most rotations do not. */
const rare = <Name extends KindName>(name: string, kind: Name): Column<Name> => ({
  name,
  kind,
  role: 'rare',
})

/**
 * The columns of token_store.sessions by the field of `Session`: all that is read and written.
 * `sweep_bucket` is derived. A new field is added to `Session`, here, and in a migration.
 */
const BY_FIELD: { [Field in keyof Session]-?: Column<KindFor<Session[Field]>> } = {
  id: fixed('id', 'uuid'),
  userId: fixed('user_id', 'uuid'),
  userVersion: rare('user_version', 'bigint'),
  clientId: fixed('client_id', 'text'),
  generation: rotating('generation', 'bigint'),
  macKid: rare('mac_kid', 'smallint'),
  nonceHash: fixed('nonce_hash', 'bytes'),
  authenticatedAtMs: fixed('authenticated_at', 'time'),
  amr: fixed('amr', 'text'),
  authTimeMs: fixed('auth_time', 'time'),
  expiresAtMs: fixed('expires_at', 'time'),
  idleUntilMs: rotating('idle_until', 'time'),
  keepUntilMs: fixed('keep_until', 'time'),
  rotatedAtMs: rotating('rotated_at', 'time'),
  floorGeneration: rotating('floor_generation', 'bigint'),
  markGeneration: rotating('mark_generation', 'bigint'),
  markAtMs: rotating('mark_at', 'time'),
  attemptHash: rotating('attempt_hash', 'bytes'),
  seq: rotating('seq', 'bigint'),
  accessExpiresAtMs: rotating('access_expires_at', 'time'),
  // These columns count points; their names are older.
  rotationPoints: rotating('rotation_tokens', 'float'),
  replayPoints: rotating('replay_tokens', 'float'),
  bucketAtMs: rotating('bucket_at', 'time'),
  network: rare('network', 'text'),
  agent: rare('agent', 'text'),
  suspectGeneration: rare('suspect_generation', 'bigint'),
  suspectStreak: rare('suspect_streak', 'integer'),
  formerNetwork: rare('former_network', 'text'),
  formerGeneration: rare('former_generation', 'bigint'),
  suspectNetwork: rare('suspect_network', 'text'),
  suspectRun: rare('suspect_run', 'integer'),
  agentGeneration: rare('agent_generation', 'bigint'),
  agentFollows: rare('agent_follows', 'integer'),
  notedGeneration: rare('noted_generation', 'bigint'),
  notedPlace: rare('noted_place', 'text'),
  notedEvents: rare('noted_events', 'integer'),
  regressedAtMs: rare('regressed_at', 'time'),
  revokedAtMs: rare('revoked_at', 'time'),
  revokeReason: rare('revoke_reason', 'text'),
}

/** A column with its field, the type of its parameter and its conversions. */
export type SessionColumn = Readonly<{
  field: keyof Session
  name: string
  role: Role
  parameter: Kind['parameter']
  toColumn(value: string): string
  toField(value: unknown): unknown
}>

const asIs = <T>(value: T) => value
export const SESSION_COLUMNS: readonly SessionColumn[] = Object.entries(BY_FIELD).map(
  ([field, { name, kind, role }]) => ({
    field: field as keyof Session,
    name,
    role,
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

/** A row in `rowMode: 'array'`: the values of `SESSION_COLUMN_NAMES` by the pool's type parsers. */
export type SessionRow = unknown[]

/** With all fields, because an object that gets more than a few by assignment becomes slow. */
const EMPTY = Object.fromEntries(SESSION_COLUMNS.map(({ field }) => [field, null]))

/**
 * Converts a row to a session. The types of `BY_FIELD` check that a field is a number or a text; its
 * kind must match the migration.
 */
export function toSession(row: SessionRow): Session {
  const session: Record<string, unknown> = { ...EMPTY }
  SESSION_COLUMNS.forEach(({ field, toField }, i) => {
    session[field] = toField(row[i])
  })
  return session as unknown as Session
}
