import type { Pool } from 'pg'
import type { Rotation } from '../../use-cases/is-plain-rotation.ts'

/** Pairs; about 5 MB. */
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
  const known = createKnownClients()

  return async function toClients(rotations) {
    const ids = rotations.map((rotation) => known.find(rotation))
    if (!ids.includes(undefined)) return ids as number[]
    const missing = rotations.filter((_, index) => ids[index] === undefined)
    const stored = await upsertClients(pool, findNewest(missing))
    for (const client of stored.values()) known.add(client)
    return rotations.map(({ data }, index) => ids[index] ?? stored.get(toKey(data))?.id ?? 0)
  }
}

/** Two levels, because a key of both texts would be built and hashed for each rotation. */
function createKnownClients() {
  const agents = new Map<string, Map<string, Known>>()
  let added = 0

  return {
    /** The id, if the pair is stored for the day of the rotation or a later one. */
    find({ time, data }: Rotation): number | undefined {
      const known = agents.get(data.agent)?.get(data.client_id)
      return known !== undefined && time.slice(0, 10) <= known.day ? known.id : undefined
    },
    add({ client_id, agent, day, id }: Client & Known) {
      if (added >= MAX_KNOWN) {
        agents.clear()
        added = 0
      }
      added += 1
      const clients = agents.get(agent) ?? new Map<string, Known>()
      agents.set(agent, clients.set(client_id, { id, day }))
    },
  }
}

/** Each pair once, with the day of its newest rotation. */
function findNewest(rotations: readonly Rotation[]): ReadonlyMap<string, Client> {
  const clients = new Map<string, Client>()
  for (const { time, data } of rotations) {
    const key = toKey(data)
    const day = time.slice(0, 10)
    if (day <= (clients.get(key)?.day ?? '')) continue
    clients.set(key, { client_id: data.client_id, agent: data.agent, day })
  }
  return clients
}

/**
 * Unique: no two pairs have the same length and the same text. Postgres stores half a surrogate pair
 * as U+FFFD.
 */
const toKey = ({ client_id, agent }: { client_id: string; agent: string }) =>
  `${client_id.length} ${client_id}${agent}`.toWellFormed()

type Row = Readonly<{ id: number; client_id: string; agent: string }>
type Stored = ReadonlyMap<string, Client & Known>
/** The order keeps workers with the same clients from a deadlock. */
async function upsertClients(pool: Pool, byKey: ReadonlyMap<string, Client>): Promise<Stored> {
  const clients = [...byKey.values()]
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
  return new Map(
    rows.map((row) => {
      const key = toKey(row)
      return [key, { ...row, day: byKey.get(key)?.day ?? '' }]
    }),
  )
}
