import type { RevokeReason } from '@auto-refresh/contracts'
import type { Session } from '../../domain/session.ts'

/**
 * A row of token_store.sessions as the pool's type parsers give it: timestamptz in Unix
 * milliseconds, int8 as numbers.
 */
export type SessionRow = {
  id: string
  user_id: string
  user_version: number
  client_id: string
  generation: number
  mac_kid: number
  nonce_hash: Buffer
  authenticated_at: number
  expires_at: number
  idle_until: number
  keep_until: number
  rotated_at: number
  floor_generation: number
  mark_generation: number
  mark_at: number
  attempt_hash: Buffer | null
  seq: number
  access_expires_at: number
  rotation_tokens: number
  replay_tokens: number
  bucket_at: number
  network: string
  agent: string
  suspect_generation: number
  suspect_streak: number
  former_network: string
  former_generation: number
  suspect_network: string
  suspect_run: number
  agent_generation: number
  agent_follows: number
  noted_generation: number
  noted_place: string
  noted_events: number
  regressed_at: number | null
  revoked_at: number | null
  revoke_reason: RevokeReason | null
}

/**
 * By name: a statement that is prepared as `select *` fails on every open connection when a
 * migration adds a column.
 */
export const SESSION_COLUMNS = `
  id, user_id, user_version, client_id, generation, mac_kid, nonce_hash, authenticated_at,
  expires_at, idle_until, keep_until, rotated_at, floor_generation, mark_generation, mark_at,
  attempt_hash, seq, access_expires_at, rotation_tokens, replay_tokens, bucket_at, network, agent,
  suspect_generation, suspect_streak, former_network, former_generation, suspect_network,
  suspect_run, agent_generation, agent_follows, noted_generation, noted_place, noted_events, regressed_at,
  revoked_at, revoke_reason`

export function toSession(row: SessionRow): Session {
  return {
    id: row.id,
    userId: row.user_id,
    userVersion: row.user_version,
    clientId: row.client_id,
    generation: row.generation,
    macKid: row.mac_kid,
    nonceHash: row.nonce_hash.toString('hex'),
    authenticatedAtMs: row.authenticated_at,
    expiresAtMs: row.expires_at,
    idleUntilMs: row.idle_until,
    keepUntilMs: row.keep_until,
    rotatedAtMs: row.rotated_at,
    floorGeneration: row.floor_generation,
    markGeneration: row.mark_generation,
    markAtMs: row.mark_at,
    attemptHash: row.attempt_hash === null ? null : row.attempt_hash.toString('hex'),
    seq: row.seq,
    accessExpiresAtMs: row.access_expires_at,
    rotationPoints: row.rotation_tokens,
    replayPoints: row.replay_tokens,
    bucketAtMs: row.bucket_at,
    network: row.network,
    agent: row.agent,
    suspectGeneration: row.suspect_generation,
    suspectStreak: row.suspect_streak,
    formerNetwork: row.former_network,
    formerGeneration: row.former_generation,
    suspectNetwork: row.suspect_network,
    suspectRun: row.suspect_run,
    agentGeneration: row.agent_generation,
    agentFollows: row.agent_follows,
    notedGeneration: row.noted_generation,
    notedPlace: row.noted_place,
    notedEvents: row.noted_events,
    regressedAtMs: row.regressed_at,
    revokedAtMs: row.revoked_at,
    revokeReason: row.revoke_reason,
  }
}
