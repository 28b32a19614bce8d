import { LRUCache } from 'lru-cache'
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
  const known = new LRUCache<string, Known>({ max: MAX_KNOWN })

  return async function toClients(rotations) {
    const ids = rotations.map(find)
    if (!ids.includes(undefined)) return ids as number[]
    const missing = rotations.filter((_, index) => ids[index] === undefined)
    const stored = await storeClients(pool, findNewest(missing))
    for (const [key, client] of stored) known.set(key, client)
    return rotations.map(({ data }, index) => ids[index] ?? stored.get(toKey(data))?.id ?? 0)
  }

  /** The id, if the pair is stored for the day of the rotation or a later one. */
  function find({ time, data }: Rotation): number | undefined {
    const client = known.get(toKey(data))
    return client !== undefined && time.slice(0, 10) <= client.day ? client.id : undefined
  }
}

/** Each pair once, with the day of its newest rotation. */
function findNewest(rotations: readonly Rotation[]): Map<string, Client> {
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

const GIVEN = 'unnest($1::text[], $2::text[], $3::date[]) as n(client_id, agent, last_on)'
const READ = `
  select c.id, c.client_id, c.agent
  from ${GIVEN}
  join cleanup.audit_clients c on c.agent = n.agent and c.client_id = n.client_id
  where c.last_on >= n.last_on`
/** The order keeps workers with the same clients from a deadlock. */
const UPDATE = `
  update cleanup.audit_clients c
  set last_on = greatest(c.last_on, locked.until)
  from (
    select o.id, n.last_on as until
    from ${GIVEN}
    join cleanup.audit_clients o on o.agent = n.agent and o.client_id = n.client_id
    order by n.agent, n.client_id
    for update of o
  ) as locked
  where c.id = locked.id
  returning c.id, c.client_id, c.agent`
const INSERT = `
  insert into cleanup.audit_clients as c (client_id, agent, last_on)
  select n.client_id, n.agent, n.last_on
  from ${GIVEN}
  order by n.agent, n.client_id
  on conflict (agent, client_id) do update set last_on = greatest(c.last_on, excluded.last_on)
  returning id, client_id, agent`

type Row = Readonly<{ id: number; client_id: string; agent: string }>
/**
 * Reads the pairs that are stored for their day, then updates older ones, then inserts the others: an
 * insert uses an id also if the pair exists. A pair may be deleted or added between the steps.
 */
async function storeClients(
  pool: Pool,
  clients: Map<string, Client>,
): Promise<ReadonlyMap<string, Known>> {
  const stored = new Map<string, Known>()
  for (const step of [READ, UPDATE, INSERT]) {
    const left = [...clients].filter(([key]) => !stored.has(key)).map(([, client]) => client)
    if (left.length === 0) break
    const { rows } = await pool.query<Row>(step, [
      left.map((client) => client.client_id),
      left.map(({ agent }) => agent),
      left.map(({ day }) => day),
    ])
    for (const row of rows) {
      const key = toKey(row)
      stored.set(key, { id: row.id, day: clients.get(key)?.day ?? '' })
    }
  }
  return stored
}
