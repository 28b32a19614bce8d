import type { ClientBase } from 'pg'
import type { Change } from '../../domain/session.ts'

/** A new session and its first event. */
export async function insertSession(
  client: ClientBase,
  { session: s, events }: Change,
): Promise<void> {
  await client.query({
    name: 'insert-session',
    text: `
      with issued as (
        insert into token_store.sessions (
          id, user_id, user_version, client_id, generation, mac_kid, nonce_hash, authenticated_at, expires_at, idle_until, keep_until, sweep_bucket,
          rotated_at, floor_generation, mark_generation, mark_at, seq, access_expires_at, rotation_tokens, replay_tokens, bucket_at,
          network, agent, suspect_generation, suspect_streak
        ) values (
          $1::uuid, $2::uuid, $3::bigint, $4::text, $5::bigint, $6::smallint, decode($7::text, 'hex'), to_timestamp($8::float8 / 1000),
          to_timestamp($9::float8 / 1000), to_timestamp($10::float8 / 1000), to_timestamp($24::float8 / 1000), ceil(greatest($10::float8, $15::float8) / 21600000)::bigint,
          to_timestamp($8::float8 / 1000), $11::bigint, $12::bigint, to_timestamp($13::float8 / 1000), $14::bigint, to_timestamp($15::float8 / 1000),
          $16::float8, $17::float8, to_timestamp($8::float8 / 1000), $18::text, $19::text, $20::bigint, $21::integer
        )
        returning id
      )
      insert into token_store.outbox (lane, session_id, type, occurred_at, body, traceparent)
      select token_store.lane_of(i.id), i.id, e.type, to_timestamp($8::float8 / 1000), e.body, e.traceparent
      from issued i, unnest($22::text[], $23::jsonb[], $25::text[]) as e(type, body, traceparent)`,
    values: [
      s.id,
      s.userId,
      s.userVersion,
      s.clientId,
      s.generation,
      s.macKid,
      s.nonceHash,
      s.authenticatedAtMs,
      s.expiresAtMs,
      s.idleUntilMs,
      s.floorGeneration,
      s.markGeneration,
      s.markAtMs,
      s.seq,
      s.accessExpiresAtMs,
      s.rotationPoints,
      s.replayPoints,
      s.network,
      s.agent,
      s.suspectGeneration,
      s.suspectStreak,
      events.map((e) => e.type),
      events.map((e) => JSON.stringify(e.data)),
      s.keepUntilMs,
      events.map((e) => e.traceparent ?? null),
    ],
  })
}
