import { toActorText } from '../../ports/actor.ts'
import type { AdminAct } from '../../ports/admin-acts.ts'
import { readRows, type Queryable } from './read-rows.ts'

/** Of a user who acts also the session and the network: a thief may hold the token. */
export const toActDetails = ({ actor, details = {} }: Pick<AdminAct, 'actor' | 'details'>) => ({
  ...details,
  ...(actor.session === undefined
    ? {}
    : { by: { session_id: actor.session.id, network: actor.session.network } }),
})

/** Writes an act. `database` is the transaction of the act. */
export async function recordAdminAct(
  database: Queryable,
  { actor, act, userId, sessionId, details = {} }: AdminAct,
): Promise<void> {
  await readRows(database, {
    text: `
      insert into auth_api.admin_acts (actor, act, user_id, session_id, details)
      values ($1::text, $2::text, $3::uuid, $4::uuid, $5::jsonb)`,
    values: [
      toActorText(actor),
      act,
      userId ?? null,
      sessionId ?? null,
      JSON.stringify(toActDetails({ actor, details })),
    ],
  })
}
