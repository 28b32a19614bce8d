import type { Pool } from 'pg'
import type { Rotation } from '../../use-cases/is-plain-rotation.ts'

/** About 5 MB. */
const MAX_KNOWN = 10_000

type Client = Readonly<{ client_id: string; agent: string; day: string }>
type Known = Readonly<{ id: number; day: string }>
/** Resolves to the ids of the client and user agent of each rotation, in their order. */
export type ToClients = (rotations: readonly Rotation[]) => Promise<number[]>

/**
 * Returns a function that stores each pair of client and user agent once, and remembers its id. A
 * pair is written again on its first rotation of a day: a pair without rotations is deleted.
 */
export function createAuditClients({ pool }: { pool: Pool }): ToClients {
  let latest = new Map<string, Known>()

  return async function toClients(rotations) {
    if (latest.size > MAX_KNOWN) latest = new Map()
    // A later call may start a new map, but not take ids from this one.
    const known = latest
    const keys = rotations.map(({ data }) => toKey(data))
    const missing = new Map<string, Client>()
    for (const [index, { time, data }] of rotations.entries()) {
      const key = keys[index] ?? ''
      const day = time.slice(0, 10)
      if (day <= (known.get(key)?.day ?? '') || day <= (missing.get(key)?.day ?? '')) continue
      missing.set(key, { client_id: data.client_id, agent: data.agent, day })
    }
    if (missing.size > 0)
      for (const { id, ...client } of await upsertClients(pool, [...missing.values()])) {
        const key = toKey(client)
        known.set(key, { id, day: missing.get(key)?.day ?? '' })
      }
    return keys.map((key) => known.get(key)?.id ?? 0)
  }
}

/**
 * Unique: no two pairs have the same length and the same text. Postgres stores half a surrogate pair
 * as U+FFFD.
 */
const toKey = ({ client_id, agent }: { client_id: string; agent: string }) =>
  `${client_id.length} ${client_id}${agent}`.toWellFormed()

type Row = Readonly<{ id: number; client_id: string; agent: string }>
/** The order keeps workers with the same clients from a deadlock. */
async function upsertClients(pool: Pool, clients: readonly Client[]): Promise<Row[]> {
  const { rows } = await pool.query<Row>(
    `insert into cleanup.audit_clients as c (client_id, agent, last_on)
     select n.client_id, n.agent, n.last_on
     from unnest($1::text[], $2::text[], $3::date[]) as n(client_id, agent, last_on)
     order by n.agent, n.client_id
     on conflict (agent, client_id) do update set last_on = greatest(c.last_on, excluded.last_on)
     returning id, client_id, agent`,
    [
      clients.map((client) => client.client_id),
      clients.map(({ agent }) => agent),
      clients.map(({ day }) => day),
    ],
  )
  return rows
}
