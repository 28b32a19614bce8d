import type { Pool } from 'pg'
import type { Rotation } from '../../use-cases/is-plain-rotation.ts'
import type { ToClients } from './create-audit-clients.ts'
import { toArrayLiteral } from './to-array-literal.ts'

/**
 * Inserts rotations that are new into their partitions, and resolves to their number. The order
 * keeps workers with the same events from a deadlock. Throws if one has no partition.
 */
export async function insertRotations(
  pool: Pool,
  toClients: ToClients,
  rotations: readonly Rotation[],
): Promise<number> {
  const clients = await toClients(rotations)
  const { rowCount } = await pool.query({
    name: 'keep-audit-rotations',
    text: `
      insert into cleanup.audit_rotations (
        occurred_at, idle_until, session_seq, generation, interval_seconds, client,
        event_id, session_id, user_id, network)
      select
        n.occurred_at, n.idle_until, n.session_seq, n.generation, n.interval_seconds, n.client,
        n.event_id, n.session_id, n.user_id, n.network
      from unnest(
        $1::timestamptz[], $2::timestamptz[], $3::bigint[], $4::bigint[], $5::float8[],
        $6::bigint[], $7::uuid[], $8::uuid[], $9::uuid[], $10::text[]
      ) as n(
        occurred_at, idle_until, session_seq, generation, interval_seconds, client,
        event_id, session_id, user_id, network)
      order by n.session_id, n.session_seq
      on conflict (session_id, session_seq, occurred_at) do nothing`,
    values: [
      toArrayLiteral(rotations, ({ time }) => time),
      toArrayLiteral(rotations, ({ data }) => data.idle_until),
      toArrayLiteral(rotations, ({ data }) => data.session_seq),
      toArrayLiteral(rotations, ({ data }) => data.generation),
      toArrayLiteral(rotations, ({ data }) => data.interval_seconds),
      toArrayLiteral(clients, (client) => client),
      toArrayLiteral(rotations, ({ id }) => id),
      toArrayLiteral(rotations, ({ data }) => data.session_id),
      toArrayLiteral(rotations, ({ data }) => data.user_id),
      rotations.map(({ data }) => data.network),
    ],
  })
  return rowCount ?? 0
}
