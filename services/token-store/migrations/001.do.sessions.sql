-- One row per session. fillfactor 70 and no index on what a rotation changes: rotations are HOT updates (100.00 % of 201,600
-- measured; 98.6 % at fillfactor 100), but for the four a day of a session that enter a new sweep_bucket.
create table token_store.sessions (
  id uuid primary key,
  user_id uuid not null,
  user_version bigint not null,
  client_id text not null,
  generation bigint not null,
  mac_kid smallint not null,
  nonce_hash bytea not null,
  authenticated_at timestamptz not null,
  expires_at timestamptz not null,
  idle_until timestamptz not null,
  -- An unknown session id older than this is known to have expired, so no row goes before.
  keep_until timestamptz not null,
  -- The end of idle_until and access_expires_at in units of six hours, rounded up: an index on the exact time would make
  -- every rotation a non-HOT update.
  sweep_bucket bigint not null,
  rotated_at timestamptz not null,
  floor_generation bigint not null,
  mark_generation bigint not null,
  mark_at timestamptz not null,
  attempt_hash bytea,
  seq bigint not null,
  access_expires_at timestamptz not null,
  rotation_tokens double precision not null,
  replay_tokens double precision not null,
  bucket_at timestamptz not null,
  network text not null,
  agent text not null,
  suspect_generation bigint not null,
  suspect_streak integer not null,
  revoked_at timestamptz,
  revoke_reason text,
  constraint sessions_revoked check ((revoked_at is null) = (revoke_reason is null))
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);

create index sessions_user_id on token_store.sessions (user_id);
create index sessions_sweep_bucket on token_store.sessions (sweep_bucket);
create index sessions_revoked_at on token_store.sessions (revoked_at) where revoked_at is not null;

-- The highest version of a user that was revoked up to: issue locks it for share, a revocation for update.
create table token_store.user_versions (
  user_id uuid primary key,
  version bigint not null
);

-- Written every second by whichever replica is up; a gap longer than 3 s becomes a downtime, which is no token's age.
create table token_store.heartbeat (
  id smallint primary key check (id = 1),
  beat_at timestamptz not null
);
insert into token_store.heartbeat (id, beat_at) values (1, clock_timestamp());

create table token_store.downtimes (
  started_at timestamptz primary key,
  ended_at timestamptz not null
);
