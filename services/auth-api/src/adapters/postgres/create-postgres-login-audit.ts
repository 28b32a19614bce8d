import type { Pool } from 'pg'
import type { LoginAudit, LoginRecord } from '../../ports.ts'
import { readRows } from './read-rows.ts'

/** The audit trail in `auth_api.login_audit`. */
export function createPostgresLoginAudit({ pool }: { pool: Pool }): LoginAudit {
  return {
    async record(login) {
      await record(pool, login)
    },
    async hasSignedInFrom(usernameHash, block) {
      return block !== 'unknown' && (await findSignIn(pool, usernameHash, block)).length > 0
    },
  }
}

function record(pool: Pool, { outcome, usernameHash, userId, sessionId, context: { address, network, agent } }: LoginRecord) {
  return readRows(pool, {
    name: 'record-login',
    text: `
      insert into auth_api.login_audit (outcome, username_hash, user_id, session_id, address, network, agent)
      values ($1::text, $2::text, $3::uuid, $4::uuid, $5::inet, $6::text, $7::text)`,
    values: [outcome, usernameHash, userId ?? null, sessionId ?? null, address === 'unknown' ? null : address, network, agent],
  })
}

function findSignIn(pool: Pool, usernameHash: string, block: string) {
  return readRows(pool, {
    text: `
      select from auth_api.login_audit
      where username_hash = $1::text and outcome = 'succeeded' and address <<= $2::cidr limit 1`,
    values: [usernameHash, block],
  })
}
