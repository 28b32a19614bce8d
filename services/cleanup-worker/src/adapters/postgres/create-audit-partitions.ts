import type { Pool } from 'pg'
import type { AuditPart } from '../../ports.ts'

/** Unix milliseconds; the partitions of a part have no gap. */
type Range = Readonly<{ fromMs: number; untilMs: number }>
export type PartitionedTimes = Readonly<Record<AuditPart, Range>>

const NONE: Range = { fromMs: 0, untilMs: 0 }
/** For events that are in no partition. */
export const NO_PARTITIONS: PartitionedTimes = { rotations: NONE, records: NONE }

/**
 * The partitions of the audit trail, through the functions of the schema's owner. `nowMs` is
 * compared with the database's clock before one is dropped.
 */
export function createAuditPartitions({ pool, nowMs }: { pool: Pool; nowMs: () => number }) {
  let known: Promise<PartitionedTimes> | undefined

  return {
    /** Resolves to the times that have a partition, as known since the last change. */
    times(): Promise<PartitionedTimes> {
      known ??= readTimes(pool).catch((error: unknown) => {
        known = undefined
        throw error
      })
      return known
    },
    /** To be called if another worker may have changed them. */
    forgetTimes() {
      known = undefined
    },
    add: (part: AuditPart, days: number) => add(pool, part, days),
    drop: (part: AuditPart, days: number) => drop(pool, part, { days, nowMs: nowMs() }),
  }
}

async function readTimes(pool: Pool): Promise<PartitionedTimes> {
  const { rows } = await pool.query<{ parent: string; fromMs: number; untilMs: number }>(`
    select parent, min(from_at) as "fromMs", max(until_at) as "untilMs"
    from cleanup.audit_partitions() group by parent`)
  const rangeOf = (part: AuditPart) => rows.find(({ parent }) => parent === `audit_${part}`) ?? NONE
  return { rotations: rangeOf('rotations'), records: rangeOf('records') }
}

async function add(pool: Pool, part: AuditPart, days: number): Promise<boolean> {
  const { rows } = await pool.query<{ added: boolean }>(
    'select cleanup.add_audit_partition($1::text, $2::integer) as added',
    [`audit_${part}`, days],
  )
  return rows[0]?.added === true
}

type Age = Readonly<{ days: number; nowMs: number }>
async function drop(pool: Pool, part: AuditPart, { days, nowMs }: Age): Promise<boolean> {
  const { rows } = await pool.query<{ dropped: boolean }>(
    `select cleanup.drop_audit_partition(
       $1::text, $2::float8, to_timestamp($3::float8 / 1000)) as dropped`,
    [`audit_${part}`, days, nowMs],
  )
  return rows[0]?.dropped === true
}
