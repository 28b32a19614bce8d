import type { ClientBase } from 'pg'
import type { Change } from '../../domain/session.ts'

/**
 * Writes the new state of sessions that this transaction has locked, and their events, with one
 * statement. The event rows are fed by the rows the update returned. Each session stands once in
 * `changes`; its events are in order.
 */
export async function applyChanges(client: ClientBase, changes: readonly Change[]): Promise<void> {
  const sessions = changes.map((change) => change.session)
  const events = changes.flatMap((change) => change.events)
  await client.query({
    name: 'apply-changes',
    text: `
      with changed as (
        update token_store.sessions s set
          generation = n.generation, mac_kid = n.mac_kid, seq = n.seq,
          rotated_at = to_timestamp(n.rotated_at / 1000), idle_until = to_timestamp(n.idle_until / 1000),
          sweep_bucket = ceil(greatest(n.idle_until, n.access_expires_at) / 21600000)::bigint,
          floor_generation = n.floor_generation, mark_generation = n.mark_generation, mark_at = to_timestamp(n.mark_at / 1000),
          attempt_hash = decode(n.attempt_hash, 'hex'), access_expires_at = to_timestamp(n.access_expires_at / 1000),
          rotation_tokens = n.rotation_tokens, replay_tokens = n.replay_tokens, bucket_at = to_timestamp(n.bucket_at / 1000),
          network = n.network, agent = n.agent, suspect_generation = n.suspect_generation, suspect_streak = n.suspect_streak,
          revoked_at = to_timestamp(n.revoked_at / 1000), revoke_reason = n.revoke_reason,
          former_network = n.former_network, former_generation = n.former_generation,
          suspect_network = n.suspect_network, suspect_run = n.suspect_run, agent_generation = n.agent_generation, agent_follows = n.agent_follows,
          noted_generation = n.noted_generation, noted_place = n.noted_place, noted_events = n.noted_events,
          regressed_at = to_timestamp(n.regressed_at / 1000)
        from unnest(
          $1::uuid[], $2::bigint[], $3::smallint[], $4::bigint[], $5::float8[], $6::float8[], $7::bigint[], $8::bigint[], $9::float8[],
          $10::text[], $11::float8[], $12::float8[], $13::float8[], $14::float8[], $15::text[], $16::text[], $17::bigint[], $18::integer[],
          $19::float8[], $20::text[], $21::text[], $22::bigint[], $23::text[], $24::integer[], $25::bigint[], $26::integer[],
          $27::bigint[], $28::text[], $29::integer[], $30::float8[]
        ) as n(
          id, generation, mac_kid, seq, rotated_at, idle_until, floor_generation, mark_generation, mark_at,
          attempt_hash, access_expires_at, rotation_tokens, replay_tokens, bucket_at, network, agent, suspect_generation, suspect_streak,
          revoked_at, revoke_reason, former_network, former_generation, suspect_network, suspect_run, agent_generation, agent_follows, noted_generation,
          noted_place, noted_events, regressed_at
        )
        where s.id = n.id
        returning s.id
      )
      insert into token_store.outbox (lane, session_id, type, occurred_at, body, traceparent)
      select token_store.lane_of(e.session_id), e.session_id, e.type, to_timestamp(e.occurred_at / 1000), e.body, e.traceparent
      from unnest($31::uuid[], $32::text[], $33::float8[], $34::jsonb[], $35::text[]) with ordinality as e(session_id, type, occurred_at, body, traceparent, position)
      join changed c on c.id = e.session_id
      order by e.position`,
    values: [
      sessions.map((s) => s.id),
      sessions.map((s) => s.generation),
      sessions.map((s) => s.macKid),
      sessions.map((s) => s.seq),
      sessions.map((s) => s.rotatedAtMs),
      sessions.map((s) => s.idleUntilMs),
      sessions.map((s) => s.floorGeneration),
      sessions.map((s) => s.markGeneration),
      sessions.map((s) => s.markAtMs),
      sessions.map((s) => s.attemptHash),
      sessions.map((s) => s.accessExpiresAtMs),
      sessions.map((s) => s.rotationPoints),
      sessions.map((s) => s.replayPoints),
      sessions.map((s) => s.bucketAtMs),
      sessions.map((s) => s.network),
      sessions.map((s) => s.agent),
      sessions.map((s) => s.suspectGeneration),
      sessions.map((s) => s.suspectStreak),
      sessions.map((s) => s.revokedAtMs),
      sessions.map((s) => s.revokeReason),
      sessions.map((s) => s.formerNetwork),
      sessions.map((s) => s.formerGeneration),
      sessions.map((s) => s.suspectNetwork),
      sessions.map((s) => s.suspectRun),
      sessions.map((s) => s.agentGeneration),
      sessions.map((s) => s.agentFollows),
      sessions.map((s) => s.notedGeneration),
      sessions.map((s) => s.notedPlace),
      sessions.map((s) => s.notedEvents),
      sessions.map((s) => s.regressedAtMs),
      events.map((e) => e.sessionId),
      events.map((e) => e.type),
      events.map((e) => e.occurredAtMs),
      events.map((e) => JSON.stringify(e.data)),
      events.map((e) => e.traceparent ?? null),
    ],
  })
}
