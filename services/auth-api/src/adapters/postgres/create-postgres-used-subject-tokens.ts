import type { Pool } from 'pg'
import type { UsedSubjectTokens } from '../../ports/subject-tokens.ts'
import { readRows } from './read-rows.ts'

/** Longer than any exchange takes. */
const CLAIM_SECONDS = 30

/** The exchanged ID tokens in `auth_api.used_subject_tokens`. */
export function createPostgresUsedSubjectTokens({ pool }: { pool: Pool }): UsedSubjectTokens {
  return {
    async claim({ hash, endsAtMs }) {
      const claimed = await readRows(pool, {
        text: `
      insert into auth_api.used_subject_tokens as known (hash, ends_at, claimed_until)
      values ($1::bytea, to_timestamp($2::float8 / 1000),
        clock_timestamp() + make_interval(secs => $3::float8))
      on conflict (hash) do update set claimed_until = excluded.claimed_until
      where not known.used and known.claimed_until < clock_timestamp()
      returning 1`,
        values: [hash, endsAtMs, CLAIM_SECONDS],
      })
      if (claimed.length > 0) return 'claimed'
      const [row] = await readRows<{ used: boolean }>(pool, {
        text: 'select used from auth_api.used_subject_tokens where hash = $1::bytea',
        values: [hash],
      })
      return row?.used === true ? 'used' : 'busy'
    },
    async confirm(hash) {
      const rows = await readRows(pool, {
        text: `
      update auth_api.used_subject_tokens set used = true
      where hash = $1::bytea and not used returning 1`,
        values: [hash],
      })
      return rows.length > 0
    },
    async release(hash) {
      await readRows(pool, {
        text: 'delete from auth_api.used_subject_tokens where hash = $1::bytea and not used',
        values: [hash],
      })
    },
  }
}
