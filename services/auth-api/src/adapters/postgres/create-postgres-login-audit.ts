import type { Pool } from 'pg'
import type { LoginAudit } from '../../ports/login-records.ts'
import { readRows } from './read-rows.ts'

/** Small enough for the deadline of a statement and for one turn of the event loop. */
const PAGE_SIZE = 20_000

/** The audit trail of logins in `auth_api.login_audit`. */
export function createPostgresLoginAudit({ pool }: { pool: Pool }): LoginAudit {
  return {
    async record({ outcome, method, actor, usernameHash, userId, sessionId, context }) {
      const { address, network, agent } = context
      await readRows(pool, {
        name: 'record-login',
        text: `
      insert into auth_api.login_audit
        (outcome, username_hash, user_id, session_id, address, network, agent, method, actor)
      values ($1::text, $2::text, $3::uuid, $4::uuid, $5::inet, $6::text, $7::text, $8::text,
        $9::text)`,
        values: [
          outcome,
          usernameHash,
          userId ?? null,
          sessionId ?? null,
          address === 'unknown' ? null : address,
          network,
          agent,
          method,
          actor ?? null,
        ],
      })
    },
    async hasSignedInFrom(usernameHash, block) {
      if (block === 'unknown') return false
      const rows = await readRows(pool, {
        text: `
      select from auth_api.login_audit
      where username_hash = $1::text and outcome = 'succeeded' and address <<= $2::cidr limit 1`,
        values: [usernameHash, block],
      })
      return rows.length > 0
    },
    // Other methods guess nothing, so they make no address familiar.
    // A page is a fixed number of rows of any outcome: in a flood of failures, successful sign-ins
    // are far apart.
    async signInsBefore(before) {
      const rows = await readRows<{ id: string; usernameHash: string; address: string | null }>(
        pool,
        {
          text: `
      with part as materialized (
        select id, username_hash, address,
          outcome = 'succeeded' and coalesce(method, 'password') = 'password' as familiar
        from auth_api.login_audit
        where $1::bigint is null or id < $1::bigint
        order by id desc limit $2::int)
      select id::text as id, username_hash as "usernameHash",
        case when familiar then host(address) end as address
      from part
      where (familiar and address is not null) or id = (select min(id) from part)
      order by part.id desc`,
          values: [before ?? null, PAGE_SIZE],
        },
      )
      return {
        signIns: rows.flatMap(({ usernameHash, address }) =>
          address === null ? [] : [{ usernameHash, address }],
        ),
        next: rows.at(-1)?.id,
      }
    },
  }
}
