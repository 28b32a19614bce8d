set timezone = 'UTC'; set client_min_messages = warning;
create schema token_store;
create table token_store.schema_version (version bigint primary key, name text, md5 text, run_at timestamptz);
-- token-store/001.do.sessions.sql
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
-- token-store/002.do.outbox.sql
create function token_store.uuid_v7() returns uuid language sql volatile parallel safe as $$
  select encode(
    set_bit(set_bit(
      overlay(uuid_send(gen_random_uuid()) placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6),
      52, 1), 53, 1), 'hex')::uuid
$$;

-- Ids are drawn under the session's row lock from a sequence without cache, so per session id order is commit order.
create sequence token_store.outbox_id cache 1;

create table token_store.outbox (
  lane smallint not null,
  id bigint not null default nextval('token_store.outbox_id'),
  event_id uuid not null default token_store.uuid_v7(),
  session_id uuid not null,
  type text not null,
  occurred_at timestamptz not null,
  body jsonb not null,
  traceparent text,
  primary key (lane, id)
) with (
  autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_threshold = 2000,
  autovacuum_vacuum_cost_delay = 0,
  vacuum_truncate = off
);

create function token_store.lane_of(session_id uuid) returns smallint language sql immutable parallel safe as $$
  select (hashtextextended(session_id::text, 0) & 15)::smallint
$$;

-- A relay owns the lanes whose lease it holds: one sender per lane, so first occurrences keep their order.
create table token_store.lane_leases (
  lane smallint primary key,
  owner uuid,
  leased_until timestamptz not null default '-infinity'
);
insert into token_store.lane_leases (lane) select generate_series(0, 15);

-- The relays that are alive: each takes its fair share of the lanes.
create table token_store.relays (
  owner uuid primary key,
  seen_until timestamptz not null
);
-- token-store/003.do.sweep.sql
-- The contract with cleanup-worker: the only way in which anybody but token-store removes sessions.
-- A session goes when its refresh token is past the idle deadline and its last access token is dead (a revocation must be
-- known until then). Safe for any number of workers at once: it waits for no lock, so it needs no order of locking, and
-- the order by the index keeps the planner on it while statistics are stale.
create function token_store.sweep_expired(batch integer) returns table (deleted bigint)
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  with due as materialized (
    select s.id
    from token_store.sessions s
    where s.sweep_bucket <= ceil(extract(epoch from clock_timestamp()) / 21600)::bigint
      and s.idle_until < clock_timestamp()
      and s.access_expires_at < clock_timestamp()
      and s.keep_until < clock_timestamp()
    order by s.sweep_bucket
    limit batch
    for update skip locked
  ),
  gone as (
    delete from token_store.sessions s using due where s.id = due.id
    returning s.*
  ),
  told as (
    insert into token_store.outbox (lane, session_id, type, occurred_at, body)
    select token_store.lane_of(g.id), g.id, 'session.expired.v1', clock_timestamp(), jsonb_build_object(
      'session_id', g.id,
      'session_seq', g.seq + 1,
      'user_id', g.user_id,
      'client_id', g.client_id,
      'generation', g.generation,
      'reason', case when g.idle_until >= g.expires_at then 'absolute' else 'idle' end,
      'session_seconds', extract(epoch from g.idle_until - g.authenticated_at))
    from gone g
    where g.revoked_at is null
  )
  select count(*) from gone
$$;

-- At most `most`: a count of ten million rows is not worth a metric.
create function token_store.count_expired(most integer default 100000) returns bigint
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select count(*) from (
    select 1
    from token_store.sessions s
    where s.sweep_bucket <= ceil(extract(epoch from clock_timestamp()) / 21600)::bigint
      and s.idle_until < clock_timestamp()
      and s.access_expires_at < clock_timestamp()
      and s.keep_until < clock_timestamp()
    limit most
  ) due
$$;
-- token-store/004.do.key-proofs.sql
-- What each secret key was when it was first used: HMAC-SHA256 of a fixed text under it. A start with another key
-- under the same name is refused, because every token made with the stored one would be called forged.
create table token_store.key_proofs (
  name text primary key,
  proof bytea not null,
  first_used_at timestamptz not null default clock_timestamp()
);
-- token-store/005.do.followers.sql
-- What the rotation decision remembers of those who replay and do not rotate, and of a database that went back in time.
-- All have defaults, so a replica of the release before reads and writes these rows as ever.
alter table token_store.sessions
  -- the network that rotated before the last one did, with the same user agent, and the generation it made last
  add column former_network text not null default '',
  add column former_generation bigint not null default -1,
  -- the network that followed last without a rotation, and its part of suspect_streak
  add column suspect_network text not null default '',
  add column suspect_run integer not null default 0,
  -- the last generation that another user agent replayed, and how many were
  add column agent_generation bigint not null default -1,
  add column agent_follows integer not null default 0,
  -- the last replay that was an event
  add column noted_generation bigint not null default -1,
  add column noted_place text not null default '',
  add column noted_events integer not null default 0,
  -- when a token was newer than this row
  add column regressed_at timestamptz;
-- token-store/006.do.sweep-guard.sql
-- A clock that jumps must not delete sessions: what is gone cannot be restored. So the sweep, and with it every deletion by
-- age, is refused while there is reason to doubt the database's clock.

-- Why `at`, a reading of this database's clock, should not be believed; null where nothing speaks against it.
--   clock      it differs by more than a minute from the clock of the calling process
--   heartbeat  it is more than an hour from the last heartbeat: no token-store is up, or the clock has just jumped
--   downtime   a downtime longer than an hour ended less than a day ago: a jump forward looks exactly like one
create function token_store.doubt_clock(at timestamptz, caller_at timestamptz) returns text
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select case
    when abs(extract(epoch from at - caller_at)) > 60 then 'clock'
    when abs(extract(epoch from at - h.beat_at)) > 3600 then 'heartbeat'
    when exists (
      select from token_store.downtimes d
      where d.ended_at - d.started_at > interval '1 hour' and d.ended_at > at - interval '1 day'
    ) then 'downtime'
  end
  from token_store.heartbeat h
  where h.id = 1
$$;

-- Whether more than 1,000 sessions that were not ended, and more than a tenth of all, are due at once. The tenth is measured
-- on a sample of at most 4,000 pages, so that ten million rows cost no more than a hundred thousand.
create function token_store.too_many_due(at timestamptz) returns boolean
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  pages bigint := pg_relation_size('token_store.sessions') / current_setting('block_size')::bigint;
  sampled real := least(100, 400000.0 / greatest(1, pages));
  share double precision;
begin
  if (
    select count(*) <= 1000
    from (
      select from token_store.sessions s
      where s.sweep_bucket <= ceil(extract(epoch from at) / 21600)::bigint
        and s.idle_until < at and s.access_expires_at < at and s.keep_until < at
        and s.revoked_at is null
      limit 1001
    ) due
  ) then
    return false;
  end if;
  select avg((s.idle_until < at and s.access_expires_at < at and s.keep_until < at)::integer) into share
  from token_store.sessions s tablesample system (sampled)
  where s.revoked_at is null;
  return coalesce(share > 0.1, true);
end
$$;

-- The contract with cleanup-worker, in place of sweep_expired: deletes at most `batch` sessions that are due at one reading of
-- the clock, or says why not (the reasons above, or `share`). `caller_at` is the clock of the calling process. With `anyway`
-- nothing is refused: for an operator who has looked at the clock.
create function token_store.sweep(batch integer, caller_at timestamptz, anyway boolean, out deleted bigint, out refused text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  -- Read once, before anything is looked at: a jump between the check and the deletion must change nothing.
  at timestamptz := clock_timestamp();
begin
  deleted := 0;
  if not anyway then
    refused := coalesce(token_store.doubt_clock(at, caller_at), case when token_store.too_many_due(at) then 'share' end);
    if refused is not null then
      return;
    end if;
  end if;
  with due as materialized (
    select s.id
    from token_store.sessions s
    where s.sweep_bucket <= ceil(extract(epoch from at) / 21600)::bigint
      and s.idle_until < at
      and s.access_expires_at < at
      and s.keep_until < at
    order by s.sweep_bucket
    limit batch
    for update skip locked
  ),
  gone as (
    delete from token_store.sessions s using due where s.id = due.id
    returning s.*
  ),
  told as (
    insert into token_store.outbox (lane, session_id, type, occurred_at, body)
    select token_store.lane_of(g.id), g.id, 'session.expired.v1', at, jsonb_build_object(
      'session_id', g.id,
      'session_seq', g.seq + 1,
      'user_id', g.user_id,
      'client_id', g.client_id,
      'generation', g.generation,
      'reason', case when g.idle_until >= g.expires_at then 'absolute' else 'idle' end,
      'session_seconds', extract(epoch from g.idle_until - g.authenticated_at))
    from gone g
    where g.revoked_at is null
  )
  select count(*) into deleted from gone;
end
$$;

-- For a cleanup-worker of the release before, under the same guard.
create or replace function token_store.sweep_expired(batch integer) returns table (deleted bigint)
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  select s.deleted from token_store.sweep(batch, null, false) s
$$;
-- token-store/007.do.revocation-pages.sql
-- The revocation list is read in pages by (revoked_at, id). Sessions that one statement has ended share one revoked_at:
-- with the time alone in the index, each page reads and sorts all of them again.
create index sessions_revoked_at_id on token_store.sessions (revoked_at, id) where revoked_at is not null;
drop index token_store.sessions_revoked_at;
-- token-store/008.do.authentication.sql
-- How and when the user of a session was authenticated elsewhere. Null: here, with a password, when the session was issued.
alter table token_store.sessions
  -- RFC 8176, separated by spaces
  add column amr text,
  add column auth_time timestamptz;
-- token-store/009.do.sweep-by-index.sql
-- The planner multiplies the conditions of the sweep as if they were independent. With a million due sessions among ten million
-- it expected a few hundred, and read the whole table for each batch until the statement timeout. Sessions that are due are
-- always found by their bucket.
alter function token_store.sweep(integer, timestamptz, boolean) set enable_seqscan = off;
alter function token_store.sweep(integer, timestamptz, boolean) set enable_bitmapscan = off;
alter function token_store.too_many_due(timestamptz) set enable_seqscan = off;
alter function token_store.too_many_due(timestamptz) set enable_bitmapscan = off;

-- The clock is read once: a condition that calls clock_timestamp() for each row cannot use an index.
create or replace function token_store.count_expired(most integer default 100000) returns bigint
language sql stable security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_bitmapscan = off as $$
  with clock as materialized (select clock_timestamp() as at)
  select count(*) from (
    select 1
    from token_store.sessions s
    where s.sweep_bucket <= (select ceil(extract(epoch from c.at) / 21600)::bigint from clock c)
      and s.idle_until < (select c.at from clock c)
      and s.access_expires_at < (select c.at from clock c)
      and s.keep_until < (select c.at from clock c)
    limit most
  ) due
$$;
create schema auth_api;
create table auth_api.schema_version (version bigint primary key, name text, md5 text, run_at timestamptz);
-- auth-api/001.do.users.sql
create table auth_api.users (
  id uuid primary key default gen_random_uuid(),
  username text not null,
  -- NFKC and lower case: what a sign-in looks for
  username_key text not null unique,
  role text not null,
  -- PHC string, parameters inside
  password_hash text not null,
  active boolean not null default true,
  -- raised by everything that ends all of the user's sessions
  version bigint not null default 1,
  demo boolean not null default false,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

-- committed together with the raised version, deleted when token-store has acknowledged
create table auth_api.pending_revocations (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references auth_api.users (id),
  version bigint not null,
  reason text not null,
  created_at timestamptz not null default now()
);
create index pending_revocations_user on auth_api.pending_revocations (user_id);
-- auth-api/002.do.signing-keys.sql
create table auth_api.signing_keys (
  kid text primary key,
  state text not null check (state in ('next', 'active', 'retired')),
  public_jwk jsonb not null,
  -- AES-256-GCM (nonce, tag, PKCS #8) under the key named by encryption_kid; gone once the key is retired
  private_key bytea,
  encryption_kid text,
  created_at timestamptz not null,
  activated_at timestamptz,
  retired_at timestamptz,
  -- when the last token that it signed has expired
  expires_at timestamptz,
  check ((state = 'retired') = (private_key is null)),
  check (state = 'next' or activated_at is not null),
  check (state <> 'retired' or expires_at is not null)
);
-- one next and one active key, whatever races
create unique index signing_keys_in_use on auth_api.signing_keys (state) where state <> 'retired';
-- auth-api/003.do.notices.sql
create table auth_api.notices (
  -- the id of the event that told it, so that a repeated delivery leaves one notice
  id uuid primary key,
  user_id uuid not null,
  session_id uuid not null,
  occurred_at timestamptz not null,
  -- kept as a row: an event that is delivered once more must not bring it back
  dismissed_at timestamptz
);
create index notices_user on auth_api.notices (user_id, occurred_at desc) where dismissed_at is null;
create index notices_occurred_at on auth_api.notices (occurred_at);
-- auth-api/004.do.login-audit.sql
create table auth_api.login_audit (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  outcome text not null,
  -- HMAC of the normalised name under USERNAME_HASH_KEY: people type passwords into the wrong box
  username_hash text not null,
  user_id uuid,
  session_id uuid,
  address inet,
  network text not null,
  agent text not null
);
create index login_audit_at on auth_api.login_audit (at);
create index login_audit_familiar on auth_api.login_audit (username_hash, at desc) where outcome = 'succeeded';
create index login_audit_user on auth_api.login_audit (user_id, at desc) where user_id is not null;
-- auth-api/005.do.key-proofs.sql
-- What each secret key was when it was first used: HMAC-SHA256 of a fixed text under it. A start with another key
-- under the same name is refused, because every token made with the stored one would be called forged.
create table auth_api.key_proofs (
  name text primary key,
  proof bytea not null,
  first_used_at timestamptz not null default clock_timestamp()
);
-- auth-api/006.do.retired-keys.sql
-- Signing keys that others may hold: no token that names one of them counts. The rows stay.
create table auth_api.retired_keys (
  kid text primary key,
  retired_at timestamptz not null default clock_timestamp()
);
-- auth-api/007.do.role-changes.sql
-- The last change of a user's role. Access tokens that were issued before it carry an old role until they expire.
create table auth_api.role_changes (
  user_id uuid primary key references auth_api.users on delete cascade,
  role text not null,
  changed_at timestamptz not null
);
-- auth-api/008.do.deleted-keys.sql
-- A signing key that is deleted before its last token has expired, by hand or by a command, is
-- retired: its tokens ask for a refresh and are not taken for forged.
create function auth_api.retire_deleted_keys() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'TRUNCATE' then
    insert into auth_api.retired_keys (kid) select kid from auth_api.signing_keys on conflict (kid) do nothing;
  -- the clock of auth-api, by which an expired key is deleted, may be a little ahead of this one
  elsif old.expires_at is null or old.expires_at > clock_timestamp() + interval '1 minute' then
    insert into auth_api.retired_keys (kid) values (old.kid) on conflict (kid) do nothing;
  end if;
  return null;
end
$$;
create trigger retire_deleted_keys after delete on auth_api.signing_keys
  for each row execute function auth_api.retire_deleted_keys();
create trigger retire_truncated_keys before truncate on auth_api.signing_keys
  for each statement execute function auth_api.retire_deleted_keys();
-- auth-api/009.do.user-changes.sql
-- auth-api keeps the users of recent refreshes in memory. This announces every change, also one by SQL; '' is all users.
create function auth_api.announce_user_change() returns trigger language plpgsql set search_path = '' as $$
begin
  -- The commit of an announcement waits for the one before, which may wait for a standby: longer than for a row.
  perform pg_catalog.set_config('lock_timeout', '1000', true);
  perform pg_catalog.pg_notify('auth_api_users', case tg_op when 'TRUNCATE' then '' else old.id::text end);
  return null;
end $$;

create trigger users_changed after update or delete on auth_api.users
  for each row execute function auth_api.announce_user_change();
create trigger users_truncated after truncate on auth_api.users
  for each statement execute function auth_api.announce_user_change();
-- Also in sessions with session_replication_role = 'replica'.
alter table auth_api.users enable always trigger users_changed;
alter table auth_api.users enable always trigger users_truncated;
-- auth-api/010.do.external-users.sql
-- Users who sign in elsewhere. A user has an external id, a login name, or both; only an administrator gives a user both, so an
-- external user never becomes the local user of the same name.
alter table auth_api.users
  -- null: the user cannot sign in with a password
  alter column password_hash drop not null,
  -- null: the user is not found by name
  alter column username_key drop not null,
  -- the id at the system that authenticates the user
  add column external_id text unique check (char_length(external_id) between 1 and 255),
  -- in every access token of the user, as the claim `claims`
  add column claims jsonb not null default '{}';
-- auth-api/011.do.login-methods.sql
-- How a user was authenticated, and who said so. Null: with a password, by a release without other methods.
alter table auth_api.login_audit
  add column method text,
  add column actor text;
-- auth-api/012.do.used-subject-tokens.sql
-- ID tokens that were exchanged for a pair, each once. The hash is SHA-256 of header and payload.
create table auth_api.used_subject_tokens (
  hash bytea primary key,
  -- afterwards the token is refused by its age
  ends_at timestamptz not null,
  -- until then one exchange has the token; after a crash of that process another may take it
  claimed_until timestamptz not null,
  used boolean not null default false
);
create index used_subject_tokens_ends_at on auth_api.used_subject_tokens (ends_at);
-- auth-api/013.do.passwords.sql
-- Imported passwords, one-time tokens that set a password, and the session that outlives a change of the own password.
alter table auth_api.users
  -- SHA-256 of the imported hash while the password is still that one; null: the password was set here
  add column imported_hash bytea,
  -- raised by each new password: a one-time token of an older one is void
  add column password_version bigint not null default 0,
  -- the session that changed the password, which was issued for the version before kept_version and outlives it
  add column kept_session_id uuid,
  add column kept_version bigint;

alter table auth_api.pending_revocations
  -- the session that stays
  add column kept_session_id uuid;

-- At most one a user: a new one replaces it, and its use deletes it.
create table auth_api.password_tokens (
  user_id uuid primary key references auth_api.users on delete cascade,
  -- SHA-256
  token_hash bytea not null unique,
  password_version bigint not null,
  expires_at timestamptz not null
);

alter table auth_api.notices
  add column kind text not null default 'session_ended_token_reused',
  alter column session_id drop not null;
-- auth-api/014.do.admin.sql
-- What administrators did, written in the transaction of the act. Without names: it outlives an erased user.
create table auth_api.admin_acts (
  id bigint generated always as identity primary key,
  at timestamptz not null default clock_timestamp(),
  -- key:NAME, user:ID, cli:OSUSER or system:NAME
  actor text not null,
  act text not null,
  user_id uuid,
  session_id uuid,
  details jsonb not null default '{}'
);
create index admin_acts_at on auth_api.admin_acts (at);
create index admin_acts_user on auth_api.admin_acts (user_id, at desc) where user_id is not null;
create index admin_acts_session on auth_api.admin_acts (session_id, at desc) where session_id is not null;

-- The row of an erased user stays without personal data, because sessions and events name its id.
alter table auth_api.users add column erased_at timestamptz;
-- Committed with the erasure, deleted when the records of the user have lost their personal data.
create table auth_api.pending_erasures (
  user_id uuid primary key references auth_api.users (id),
  -- finds records without a user id; null if the user had no name to sign in with
  username_hash text,
  erased_at timestamptz not null default clock_timestamp()
);
create index login_audit_no_user on auth_api.login_audit (username_hash) where user_id is null;

-- The search of administrators: by the beginning of a name, in pages.
create index users_name on auth_api.users ((lower(username) collate "C"), id) where erased_at is null;
create index users_disabled on auth_api.users ((lower(username) collate "C"), id)
  where erased_at is null and not active;
-- auth-api/015.do.acts-by-actor.sql
-- What a user did as an administrator, for the timeline of that user: a thief may hold the access token.
create index admin_acts_actor on auth_api.admin_acts (actor, at desc);
create schema cleanup;
create table cleanup.schema_version (version bigint primary key, name text, md5 text, run_at timestamptz);
-- cleanup-worker/001.do.audit-events.sql
-- What happened, for investigations: every event once, whatever the bus repeats, until its retention ends.
create table cleanup.audit_events (
  event_id uuid primary key,
  topic text not null,
  type text not null,
  key text not null,
  session_id uuid,
  session_seq bigint,
  user_id uuid,
  occurred_at timestamptz not null,
  kept_at timestamptz not null default clock_timestamp(),
  data jsonb not null
);

create index audit_events_occurred_at on cleanup.audit_events (occurred_at);
create index audit_events_session on cleanup.audit_events (session_id, session_seq) where session_id is not null;
create index audit_events_user on cleanup.audit_events (user_id, occurred_at) where user_id is not null;
-- cleanup-worker/002.do.audit-partitions.sql
-- Rotations are most of the trail: they get typed columns, and tables by time, so that a partition is dropped where rows were
-- deleted. Three tables, read together as the view cleanup.audit_events:
--   audit_rotations      session.rotated.v1, partitioned by time, with its client and user agent in audit_clients
--   audit_records        every other event, partitioned by time
--   audit_unpartitioned  the rows from before this migration, and events of a time that has no partition; deleted in batches
-- The partitions of a table have no gap, so "has a partition" is one range of time (cleanup.audit_partitions). Neither table has
-- a DEFAULT partition: Postgres would read all of it for each new partition.
alter table cleanup.audit_events rename to audit_unpartitioned;
alter index cleanup.audit_events_pkey rename to audit_unpartitioned_pkey;
alter index cleanup.audit_events_occurred_at rename to audit_unpartitioned_occurred_at;
alter index cleanup.audit_events_session rename to audit_unpartitioned_session;
alter index cleanup.audit_events_user rename to audit_unpartitioned_user;

-- Half of a rotation was its user agent, of which there are few. last_on is the day of the newest rotation that may refer to it.
create table cleanup.audit_clients (
  id bigint generated always as identity primary key,
  client_id text not null,
  agent text not null,
  last_on date not null,
  unique (agent, client_id)
);
create index audit_clients_last_on on cleanup.audit_clients (last_on);

-- The columns of 8 bytes are first, so that no byte is lost to alignment. An event is known by its session, number and time:
-- after a restore a session uses a number again, at another time. So the index of the look-up by session is also the guard
-- against duplicates.
create table cleanup.audit_rotations (
  occurred_at timestamptz not null,
  kept_at timestamptz not null default clock_timestamp(),
  idle_until timestamptz not null,
  session_seq bigint not null,
  generation bigint not null,
  client bigint not null,
  interval_seconds double precision not null,
  event_id uuid not null,
  session_id uuid not null,
  user_id uuid not null,
  network text not null
) partition by range (occurred_at);
create unique index audit_rotations_session on cleanup.audit_rotations (session_id, session_seq, occurred_at);
create index audit_rotations_user on cleanup.audit_rotations (user_id);
-- Event ids contain their time, so these few pages find an event or a minute inside a partition.
create index audit_rotations_time on cleanup.audit_rotations using brin (event_id, occurred_at);

create table cleanup.audit_records (
  event_id uuid not null,
  topic text not null,
  type text not null,
  key text not null,
  session_id uuid,
  session_seq bigint,
  user_id uuid,
  occurred_at timestamptz not null,
  kept_at timestamptz not null default clock_timestamp(),
  data jsonb not null
) partition by range (occurred_at);
create unique index audit_records_event on cleanup.audit_records (event_id, occurred_at);
create index audit_records_occurred_at on cleanup.audit_records (occurred_at);
create index audit_records_session on cleanup.audit_records (session_id, session_seq) where session_id is not null;
create index audit_records_user on cleanup.audit_records (user_id, occurred_at) where user_id is not null;

-- The first partitions begin after the newest row from before the migration, so an event that is delivered again is looked for
-- where it is. A row more than a day in the future has a wrong clock and decides nothing.
do $$
declare
  newest timestamptz := (
    select date_trunc('milliseconds', max(occurred_at))
    from cleanup.audit_unpartitioned
    where occurred_at < now() + interval '1 day');
  starts timestamptz := greatest(
    newest + interval '1 millisecond',
    date_trunc('day', now(), 'UTC') - interval '7 days');
  -- Of `starts`, which may be the next midnight: an empty range is an error.
  ends timestamptz := date_trunc('day', greatest(now(), starts), 'UTC') + interval '1 day';
begin
  execute format('create table cleanup.audit_rotations_first partition of cleanup.audit_rotations
    for values from (%L) to (%L)', starts, ends);
  execute format('create table cleanup.audit_records_first partition of cleanup.audit_records
    for values from (%L) to (%L)', starts, ends);
end
$$;

-- A rotation in the form of every other event, with the values that the event had.
create view cleanup.audit_events as
select
  r.event_id, 'auth.session-events.v1'::text as topic, 'session.rotated.v1'::text as type,
  r.session_id::text as key, r.session_id,
  r.session_seq, r.user_id, r.occurred_at, r.kept_at,
  jsonb_build_object(
    'session_id', r.session_id, 'session_seq', r.session_seq, 'user_id', r.user_id, 'client_id', c.client_id,
    'generation', r.generation, 'network', r.network, 'agent', c.agent,
    'idle_until', to_char(r.idle_until at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'interval_seconds', r.interval_seconds) as data
from cleanup.audit_rotations r
left join cleanup.audit_clients c on c.id = r.client
union all
select event_id, topic, type, key, session_id, session_seq, user_id, occurred_at, kept_at, data
from cleanup.audit_records
union all
select event_id, topic, type, key, session_id, session_seq, user_id, occurred_at, kept_at, data
from cleanup.audit_unpartitioned;

-- The view can be written like the table that it replaces, by hand or by a script. Such a row needs no partition. The function
-- has the rights of its caller, and no search_path of its own, which would cost as much as the insert.
alter view cleanup.audit_events alter column kept_at set default clock_timestamp();
create function cleanup.write_audit_event() returns trigger language plpgsql as $$
begin
  if tg_op <> 'INSERT' then
    delete from cleanup.audit_rotations r
    where r.session_id = old.session_id and r.session_seq = old.session_seq and r.occurred_at = old.occurred_at
      and r.event_id = old.event_id;
    delete from cleanup.audit_records r where r.event_id = old.event_id and r.occurred_at = old.occurred_at;
    delete from cleanup.audit_unpartitioned u where u.event_id = old.event_id;
  end if;
  if tg_op = 'DELETE' then
    return old;
  end if;
  insert into cleanup.audit_unpartitioned
    (event_id, topic, type, key, session_id, session_seq, user_id, occurred_at, kept_at, data)
  values (
    new.event_id, new.topic, new.type, new.key, new.session_id, new.session_seq, new.user_id,
    new.occurred_at, new.kept_at,
    new.data);
  return new;
end
$$;
create trigger write_audit_event instead of insert or update or delete on cleanup.audit_events
for each row execute function cleanup.write_audit_event();

-- What follows is for a worker that does not own the tables.

-- The partitions of both tables, as Postgres has them.
create function cleanup.audit_partitions()
returns table (parent text, partition text, from_at timestamptz, until_at timestamptz)
language sql stable security definer
set search_path = pg_catalog, pg_temp set timezone = 'UTC' set datestyle = 'ISO, YMD' as $$
  select t.relname::text, p.relname::text, b.bounds[1]::timestamptz, b.bounds[2]::timestamptz
  from pg_class t
  join pg_inherits i on i.inhparent = t.oid
  join pg_class p on p.oid = i.inhrelid
  cross join lateral regexp_match(pg_get_expr(p.relpartbound, p.oid), $r$FROM \('(.+)'\) TO \('(.+)'\)$r$) as b(bounds)
  where t.oid in ('cleanup.audit_rotations'::regclass, 'cleanup.audit_records'::regclass)
$$;

-- Adds the next partition of `parent`, of `days` whole days (1 to 41: a 90th of the longest retention), if the last one ends
-- within three days; says whether it did. After a long stop, or with a clock that jumped, a partition lasts at least a tenth of
-- the gap, so that few fill it. A table is made and then attached, because that waits for no insert.
create function cleanup.add_audit_partition(parent text, days integer) returns boolean
language plpgsql security definer
set search_path = pg_catalog, pg_temp set timezone = 'UTC' set datestyle = 'ISO, YMD' as $$
declare
  today timestamptz := date_trunc('day', clock_timestamp());
  starts timestamptz;
  ends timestamptz;
  partition text;
begin
  if parent not in ('audit_rotations', 'audit_records') or days is null or days not between 1 and 41 then
    raise invalid_parameter_value using message = 'parent must be an audit table and days 1 to 41';
  end if;
  -- One worker at a time.
  perform pg_advisory_xact_lock(hashtextextended('cleanup.audit_partitions', 0));
  select coalesce(max(p.until_at), today) into starts
  from cleanup.audit_partitions() p where p.parent = add_audit_partition.parent;
  if starts > today + interval '3 days' then
    return false;
  end if;
  ends := date_trunc('day', starts)
    + greatest(days, ceil(extract(epoch from today - starts) / 864000)::integer) * interval '1 day';
  partition := format('%s_%s', parent, to_char(starts, 'YYYYMMDD'));
  execute format('create table cleanup.%I (like cleanup.%I including defaults)', partition, parent);
  execute format('alter table cleanup.%I attach partition cleanup.%I for values from (%L) to (%L)',
    parent, partition, starts, ends);
  return true;
end
$$;

-- Drops the oldest partition of `parent` if all of it is more than `days` ago, and says whether it did. Nothing is dropped while
-- the clock is in doubt; `caller_at` is the clock of the calling process. While it waits for the lock, inserts wait too, at most
-- 100 ms; once it has the lock, they wait until it ends.
create function cleanup.drop_audit_partition(parent text, days double precision, caller_at timestamptz) returns boolean
language plpgsql security definer
set search_path = pg_catalog, pg_temp set timezone = 'UTC' set datestyle = 'ISO, YMD' set lock_timeout = '100ms' as $$
declare
  -- Read once, before anything is looked at: a jump between the check and the drop must change nothing.
  at timestamptz := clock_timestamp();
  oldest text;
begin
  if parent not in ('audit_rotations', 'audit_records') or days is null or not days >= 1 then
    raise invalid_parameter_value using message = 'parent must be an audit table and days at least 1';
  end if;
  if token_store.doubt_clock(at, caller_at) is not null then
    return false;
  end if;
  -- Another worker adds or drops one at this moment.
  if not pg_try_advisory_xact_lock(hashtextextended('cleanup.audit_partitions', 0)) then
    return false;
  end if;
  select p.partition into oldest
  from cleanup.audit_partitions() p
  where p.parent = drop_audit_partition.parent and p.until_at <= at - days * interval '1 day'
  order by p.until_at
  limit 1;
  if oldest is null then
    return false;
  end if;
  execute format('lock table only cleanup.%I in access exclusive mode', parent);
  execute format('drop table cleanup.%I', oldest);
  return true;
end
$$;

-- Deletes at most `batch` clients that no rotation refers to, and returns their number. It is not part of the drop, which holds
-- its lock until it ends: there may be millions of clients.
create function cleanup.delete_audit_clients(batch integer) returns integer
language plpgsql security definer
set search_path = pg_catalog, pg_temp set timezone = 'UTC' set datestyle = 'ISO, YMD' as $$
declare
  oldest date := (select min(p.from_at) from cleanup.audit_partitions() p where p.parent = 'audit_rotations');
  deleted integer;
begin
  delete from cleanup.audit_clients
  where id = any(array(
    select c.id from cleanup.audit_clients c
    where c.last_on < oldest
    order by c.last_on
    limit least(batch, 500)
    for update skip locked));
  get diagnostics deleted = row_count;
  return deleted;
end
$$;
-- cleanup-worker/003.do.timeline-indexes.sql
-- The detections of all users, newest first. They are few; the other events of their time are not.
create index audit_records_detections on cleanup.audit_records (occurred_at)
where type in ('session.reuse-detected.v1', 'security.pattern-detected.v1');

-- The timeline of a session. Refused refresh tokens are left out: a thief may send them for ever, so that nobody can read the rest.
create index audit_records_session_time on cleanup.audit_records (session_id, occurred_at)
where session_id is not null and type <> 'refresh.refused.v1';
-- Rows
do $$
declare partition regclass;
begin
  for partition in
    select c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r' and c.relispartition and n.nspname in ('token_store','auth_api','cleanup')
  loop
    execute format('drop table %s', partition);
  end loop;
end
$$;
create table cleanup.audit_records_20261201 partition of cleanup.audit_records FOR VALUES FROM ('2026-12-01 00:00:00+00') TO ('2026-12-02 00:00:00+00');
create table cleanup.audit_records_20261202 partition of cleanup.audit_records FOR VALUES FROM ('2026-12-02 00:00:00+00') TO ('2026-12-03 00:00:00+00');
create table cleanup.audit_records_20261203 partition of cleanup.audit_records FOR VALUES FROM ('2026-12-03 00:00:00+00') TO ('2026-12-04 00:00:00+00');
create table cleanup.audit_records_first partition of cleanup.audit_records FOR VALUES FROM ('2026-11-23 00:00:00+00') TO ('2026-12-01 00:00:00+00');
create table cleanup.audit_rotations_20261201 partition of cleanup.audit_rotations FOR VALUES FROM ('2026-12-01 00:00:00+00') TO ('2026-12-02 00:00:00+00');
create table cleanup.audit_rotations_20261202 partition of cleanup.audit_rotations FOR VALUES FROM ('2026-12-02 00:00:00+00') TO ('2026-12-03 00:00:00+00');
create table cleanup.audit_rotations_20261203 partition of cleanup.audit_rotations FOR VALUES FROM ('2026-12-03 00:00:00+00') TO ('2026-12-04 00:00:00+00');
create table cleanup.audit_rotations_first partition of cleanup.audit_rotations FOR VALUES FROM ('2026-11-23 00:00:00+00') TO ('2026-12-01 00:00:00+00');
delete from token_store.user_versions;
delete from token_store.sessions;
delete from token_store.schema_version;
delete from token_store.relays;
delete from token_store.outbox;
delete from token_store.lane_leases;
delete from token_store.key_proofs;
delete from token_store.heartbeat;
delete from token_store.downtimes;
delete from cleanup.schema_version;
delete from cleanup.audit_unpartitioned;
delete from cleanup.audit_rotations;
delete from cleanup.audit_records;
delete from cleanup.audit_clients;
delete from auth_api.used_subject_tokens;
delete from auth_api.signing_keys;
delete from auth_api.schema_version;
delete from auth_api.role_changes;
delete from auth_api.retired_keys;
delete from auth_api.pending_revocations;
delete from auth_api.pending_erasures;
delete from auth_api.password_tokens;
delete from auth_api.notices;
delete from auth_api.login_audit;
delete from auth_api.key_proofs;
delete from auth_api.admin_acts;
delete from auth_api.users;
insert into auth_api.users (id, username, username_key, role, password_hash, active, version, demo, created_at, updated_at, external_id, claims, imported_hash, password_version, kept_session_id, kept_version, erased_at) overriding system value values
('002fcdb3-413f-4290-89fa-1e209d711d7b', 'ayu', null, 'user', null, 'true', '1', 'false', '2026-11-30 23:25:22.764916+00', '2026-11-30 23:25:22.764916+00', 'users/1084', '{"tenant": "t1"}', null, '0', null, null, null),
('0ad257b0-282d-4e5c-8102-8ab386a4b1a0', 'admin', 'admin', 'admin', '$argon2id$v=19$m=19456,t=2,p=1$nJopRVpzCshKTaprnnaIaw$ZWXAs1kcOv3DviR8YNrh+NJu20zSMBg/u/Xb68FGs7M', 'true', '1', 'true', '2026-11-30 23:24:53.606287+00', '2026-11-30 23:24:53.606287+00', null, '{}', null, '0', null, null, null),
('0eeb57fa-a759-4538-a635-4a51d09388e0', 'eko', 'eko', 'auditor', '$argon2id$v=19$m=19456,t=2,p=1$ZXyZ4NHLH3pV/YJbQiRJrA$eIzLwkVhOJ+Fm2zjHlNP8FrQHnk16jrxvkz7NNRMTEE', 'true', '1', 'false', '2026-11-30 23:25:05.609818+00', '2026-11-30 23:25:22.698051+00', null, '{}', null, '0', null, null, null),
('16cd3135-bf14-4494-baf8-6c140298fdb6', 'citra', 'citra', 'user', '$argon2id$v=19$m=19456,t=2,p=1$ihGCKP2qJO/gcq6f0PyLEQ$7Lr7JkLTqdwRobkyQNWz2/JFX5ZZDWjWhLA+Ez4UqsI', 'false', '2', 'false', '2026-11-30 23:25:05.437554+00', '2026-11-30 23:25:19.998121+00', null, '{}', null, '1', null, '2', null),
('32388705-5a23-43e6-b85c-3346884ef63e', 'erased', null, 'user', null, 'false', '2', 'false', '2026-11-30 23:25:05.496218+00', '2026-11-30 23:25:35.984931+00', null, '{}', null, '1', null, '2', '2026-11-30 23:25:35.994328+00'),
('6017f58c-f96e-4d0a-8041-9e0cbcece1ec', 'gita', 'gita', 'user', null, 'true', '1', 'false', '2026-11-30 23:25:14.137748+00', '2026-11-30 23:25:14.137748+00', null, '{}', null, '0', null, null, null),
('8f31fd57-127f-42ac-9783-2d939188740b', 'ayu', 'ayu', 'user', '$argon2id$v=19$m=19456,t=2,p=1$Yb+a6+Nq8/MVCCGA8uM1XQ$r+/reMNC3cBKVmlxG1wQLNhNyZAQX21Rj0BaeUmsxs0', 'true', '1', 'false', '2026-11-30 23:25:05.14223+00', '2026-11-30 23:25:05.14223+00', null, '{}', null, '0', null, null, null),
('aeba6ba6-296a-46f6-9139-9b02bb3664e1', 'budi', 'budi', 'user', '$argon2id$v=19$m=19456,t=2,p=1$DLsfDbx54ciw8KymE4E7lw$Z7+xcYl7QMfeCKSN22boM402FB1mRdrVKGyVT+6BZ3k', 'true', '2', 'false', '2026-11-30 23:25:05.294383+00', '2026-11-30 23:25:19.795676+00', null, '{}', null, '1', '01a22ec6-ef62-728e-b853-ea071693379a', '2', null),
('d51fc378-26e3-4361-8d19-f736553a9080', 'fajar', 'fajar', 'user', '$2b$04$jJsLMyljSz1P1cVQO5nmke0mkXob4Q1q28S0PB0IrchQUNWKT/mWC', 'true', '1', 'false', '2026-11-30 23:25:10.104002+00', '2026-11-30 23:25:10.104002+00', null, '{}', E'\\xefff11b92332990b46ce932435ccd8748d2935c622190622b4276f850a5aff79', '0', null, null, null),
('f6b8ef3d-4b89-48d4-9b75-006204e9d0c0', 'hani', null, 'user', null, 'true', '1', 'false', '2026-11-30 23:25:23.089751+00', '2026-11-30 23:25:23.089751+00', 'http://127.0.0.1:11647#7', '{}', null, '0', null, null, null);
insert into auth_api.admin_acts (id, at, actor, act, user_id, session_id, details) overriding system value values
('1', '2026-11-30 23:24:53.612554+00', 'system:standalone', 'user_added', '0ad257b0-282d-4e5c-8102-8ab386a4b1a0', null, '{"role": "admin", "active": true, "with_password": true}'),
('10', '2026-11-30 23:25:20.000389+00', 'key:test', 'user_changed', '16cd3135-bf14-4494-baf8-6c140298fdb6', null, '{"active": {"to": false, "from": true}}'),
('11', '2026-11-30 23:25:22.716098+00', 'cli:operator', 'user_changed', '0eeb57fa-a759-4538-a635-4a51d09388e0', null, '{"role": {"to": "auditor", "from": "user"}}'),
('12', '2026-11-30 23:25:22.765433+00', 'key:test', 'user_added', '002fcdb3-413f-4290-89fa-1e209d711d7b', null, '{"role": "user"}'),
('13', '2026-11-30 23:25:23.090225+00', 'system:http://127.0.0.1:11647', 'user_added', 'f6b8ef3d-4b89-48d4-9b75-006204e9d0c0', null, '{"role": "user"}'),
('14', '2026-11-30 23:25:35.999374+00', 'cli:operator', 'user_erased', '32388705-5a23-43e6-b85c-3346884ef63e', null, '{}'),
('2', '2026-11-30 23:25:05.144809+00', 'key:test', 'user_added', '8f31fd57-127f-42ac-9783-2d939188740b', null, '{"role": "user", "active": true, "with_password": true}'),
('3', '2026-11-30 23:25:05.322913+00', 'key:test', 'user_added', 'aeba6ba6-296a-46f6-9139-9b02bb3664e1', null, '{"role": "user", "active": true, "with_password": true}'),
('4', '2026-11-30 23:25:05.43888+00', 'key:test', 'user_added', '16cd3135-bf14-4494-baf8-6c140298fdb6', null, '{"role": "user", "active": true, "with_password": true}'),
('5', '2026-11-30 23:25:05.499354+00', 'key:test', 'user_added', '32388705-5a23-43e6-b85c-3346884ef63e', null, '{"role": "user", "active": true, "with_password": true}'),
('6', '2026-11-30 23:25:05.650168+00', 'key:test', 'user_added', '0eeb57fa-a759-4538-a635-4a51d09388e0', null, '{"role": "user", "active": true, "with_password": true}'),
('7', '2026-11-30 23:25:10.111965+00', 'cli:operator', 'user_imported', 'd51fc378-26e3-4361-8d19-f736553a9080', null, '{"role": "user", "active": true, "created": true}'),
('8', '2026-11-30 23:25:14.140444+00', 'cli:operator', 'user_added', '6017f58c-f96e-4d0a-8041-9e0cbcece1ec', null, '{"role": "user", "active": true, "with_password": false}'),
('9', '2026-11-30 23:25:16.29989+00', 'cli:operator', 'password_token_created', '6017f58c-f96e-4d0a-8041-9e0cbcece1ec', null, '{}');
insert into auth_api.key_proofs (name, proof, first_used_at) overriding system value values
('USERNAME_HASH_KEY', E'\\xbfc7355ce57cbe380d6c5a1a186c658a8fdf549115260d227bf89ca89eca3021', '2026-11-30 23:24:52.886713+00');
insert into auth_api.login_audit (id, at, outcome, username_hash, user_id, session_id, address, network, agent, method, actor) overriding system value values
('1', '2026-11-30 23:25:16.572812+00', 'succeeded', 'YY8EFU-XM0_XCR_7dwpQ5A_m2E40qR8ZCruR_kxZ2fQ', '8f31fd57-127f-42ac-9783-2d939188740b', '01a22ec6-e577-7f50-9bd8-685683721661', '127.0.0.1/32', '127.0.0.0/24', 'node', 'password', null),
('10', '2026-11-30 23:25:19.984631+00', 'succeeded', 'YB8kW-p9oedqQcg22bQ5-gmkA6qBtK6D8d6GtbUhppo', '16cd3135-bf14-4494-baf8-6c140298fdb6', '01a22ec6-f2e5-7cb4-9d18-c3f5cd732955', '127.0.0.1/32', '127.0.0.0/24', 'node', 'password', null),
('11', '2026-11-30 23:25:20.189771+00', 'succeeded', '4i9fEQGwdGWK8lSK-zvRzdYCi0gm-2GDYuLbqIfjKUQ', '0eeb57fa-a759-4538-a635-4a51d09388e0', '01a22ec6-f3af-7307-ab45-4340832db509', '127.0.0.1/32', '127.0.0.0/24', 'node', 'password', null),
('12', '2026-11-30 23:25:22.791128+00', 'succeeded', 'rZ6YfY2OUMtgIUKQRfk3TaDhZyec6Wm4AmFdGdd1fK8', '002fcdb3-413f-4290-89fa-1e209d711d7b', '01a22ec6-fdd7-7b90-8680-8b0a55c73abf', '203.0.113.7/32', '203.0.113.0/24', 'phone', 'external', 'key:test'),
('13', '2026-11-30 23:25:23.111905+00', 'succeeded', 'EY1cnb0zKoBBV0iqQD-DNy-0J9HKkOhunAMv0FBe4tU', 'f6b8ef3d-4b89-48d4-9b75-006204e9d0c0', '01a22ec6-ff22-7561-91be-d321bdf670c0', '127.0.0.1/32', '127.0.0.0/24', 'phone', 'token_exchange', 'system:http://127.0.0.1:11647'),
('14', '2026-11-30 23:25:23.39673+00', 'invalid_credentials', 'YY8EFU-XM0_XCR_7dwpQ5A_m2E40qR8ZCruR_kxZ2fQ', '8f31fd57-127f-42ac-9783-2d939188740b', null, '127.0.0.1/32', '127.0.0.0/24', 'node', 'password', null),
('15', '2026-11-30 23:25:23.541809+00', 'invalid_credentials', 'YY8EFU-XM0_XCR_7dwpQ5A_m2E40qR8ZCruR_kxZ2fQ', '8f31fd57-127f-42ac-9783-2d939188740b', null, '127.0.0.1/32', '127.0.0.0/24', 'node', 'password', null),
('16', '2026-11-30 23:25:27.148204+00', 'succeeded', 'YY8EFU-XM0_XCR_7dwpQ5A_m2E40qR8ZCruR_kxZ2fQ', '8f31fd57-127f-42ac-9783-2d939188740b', '01a22ec7-0eea-7781-9f28-c075aa90efe3', '127.0.0.1/32', '127.0.0.0/24', 'node', 'password', null),
('17', '2026-11-30 23:25:27.261769+00', 'succeeded', 'YY8EFU-XM0_XCR_7dwpQ5A_m2E40qR8ZCruR_kxZ2fQ', '8f31fd57-127f-42ac-9783-2d939188740b', '01a22ec7-0f5c-7a43-9a9f-e25900665e14', '127.0.0.1/32', '127.0.0.0/24', 'node', 'password', null),
('2', '2026-11-30 23:25:16.860313+00', 'succeeded', 'YY8EFU-XM0_XCR_7dwpQ5A_m2E40qR8ZCruR_kxZ2fQ', '8f31fd57-127f-42ac-9783-2d939188740b', '01a22ec6-e698-7de3-9a03-497ebc44f95d', '127.0.0.1/32', '127.0.0.0/24', 'node', 'password', null),
('3', '2026-11-30 23:25:17.05578+00', 'succeeded', 'YY8EFU-XM0_XCR_7dwpQ5A_m2E40qR8ZCruR_kxZ2fQ', '8f31fd57-127f-42ac-9783-2d939188740b', '01a22ec6-e779-785d-8e8b-272c1257a16e', '127.0.0.1/32', '127.0.0.0/24', 'node', 'password', null),
('4', '2026-11-30 23:25:17.206969+00', 'succeeded', 'YY8EFU-XM0_XCR_7dwpQ5A_m2E40qR8ZCruR_kxZ2fQ', '8f31fd57-127f-42ac-9783-2d939188740b', '01a22ec6-e814-71af-9d7f-91c7c8f5267b', '127.0.0.1/32', '127.0.0.0/24', 'node', 'password', null),
('5', '2026-11-30 23:25:18.417892+00', 'succeeded', 'YY8EFU-XM0_XCR_7dwpQ5A_m2E40qR8ZCruR_kxZ2fQ', '8f31fd57-127f-42ac-9783-2d939188740b', '01a22ec6-ecbb-7c13-9d73-11fc500fc308', '127.0.0.1/32', '127.0.0.0/24', 'node', 'password', null),
('6', '2026-11-30 23:25:18.673094+00', 'succeeded', 'YY8EFU-XM0_XCR_7dwpQ5A_m2E40qR8ZCruR_kxZ2fQ', '8f31fd57-127f-42ac-9783-2d939188740b', '01a22ec6-edc8-7f51-b554-69c3de613eb4', '127.0.0.1/32', '127.0.0.0/24', 'node', 'password', null),
('7', '2026-11-30 23:25:18.906428+00', 'succeeded', '4i9fEQGwdGWK8lSK-zvRzdYCi0gm-2GDYuLbqIfjKUQ', '0eeb57fa-a759-4538-a635-4a51d09388e0', '01a22ec6-eeb5-7ec4-ab14-10c08fe6f885', '127.0.0.1/32', '127.0.0.0/24', 'node', 'password', null),
('8', '2026-11-30 23:25:19.081648+00', 'succeeded', 'HagVUGVWqXqVptIcjqjUTPg1hPPdt3SW3VN79sZUx74', 'aeba6ba6-296a-46f6-9139-9b02bb3664e1', '01a22ec6-ef62-728e-b853-ea071693379a', '127.0.0.1/32', '127.0.0.0/24', 'node', 'password', null),
('9', '2026-11-30 23:25:19.339839+00', 'succeeded', 'HagVUGVWqXqVptIcjqjUTPg1hPPdt3SW3VN79sZUx74', 'aeba6ba6-296a-46f6-9139-9b02bb3664e1', '01a22ec6-f066-73d8-9893-c2e48aea1d80', '127.0.0.1/32', '127.0.0.0/24', 'node', 'password', null);
insert into auth_api.notices (id, user_id, session_id, occurred_at, dismissed_at, kind) overriding system value values
('01a22ec6-edfd-7f5f-a206-99b6af1175a2', '8f31fd57-127f-42ac-9783-2d939188740b', '01a22ec6-edc8-7f51-b554-69c3de613eb4', '2026-11-30 23:25:18.715+00', null, 'session_ended_token_reused'),
('b804dc49-bb04-4397-b80e-c6d8e03bef51', 'aeba6ba6-296a-46f6-9139-9b02bb3664e1', '01a22ec6-ef62-728e-b853-ea071693379a', '2026-11-30 23:25:19.796758+00', null, 'password_changed');
insert into auth_api.password_tokens (user_id, token_hash, password_version, expires_at) overriding system value values
('6017f58c-f96e-4d0a-8041-9e0cbcece1ec', E'\\x0b293f71284426260e3db6307da598e19cb13e7754cc38424516559bbcc095db', '0', '2026-12-01 00:25:16.29946+00');
insert into auth_api.pending_erasures (user_id, username_hash, erased_at) overriding system value values
('32388705-5a23-43e6-b85c-3346884ef63e', 'DFy69zRzVPl5RHaFoyoqRIYI_FKIq_HxSFcpAu-n6Oc', '2026-11-30 23:25:35.992384+00');
insert into auth_api.retired_keys (kid, retired_at) overriding system value values
('E9ObWIPWPLK_a2b2UMBGVk0IPc79WV69g10t92l7jwg', '2026-11-30 23:25:26.965989+00');
insert into auth_api.role_changes (user_id, role, changed_at) overriding system value values
('0eeb57fa-a759-4538-a635-4a51d09388e0', 'auditor', '2026-11-30 23:25:22.707337+00');
insert into auth_api.schema_version (version, name, md5, run_at) overriding system value values
('0', null, null, null),
('1', 'users', 'a46eace13e5079a4e4ede87a0ed53ea6', '2026-11-30 23:24:52.307+00'),
('10', 'external-users', 'f2f90fb5594888900bbeb10602909e98', '2026-11-30 23:24:52.321+00'),
('11', 'login-methods', '24307816a59df36a54ab21e18ce6dccf', '2026-11-30 23:24:52.322+00'),
('12', 'used-subject-tokens', 'fdd88f106ae28910ec95cfbb8b0fe92b', '2026-11-30 23:24:52.326+00'),
('13', 'passwords', 'f775fb7a38d2ef637a393c947c00addb', '2026-11-30 23:24:52.33+00'),
('14', 'admin', '328584c410e09480cf02ff7082001bc0', '2026-11-30 23:24:52.339+00'),
('15', 'acts-by-actor', 'fd0e5e7f15127f9816f17be22014cf0f', '2026-11-30 23:24:52.34+00'),
('2', 'signing-keys', '064d850a315699c8ff01047706143610', '2026-11-30 23:24:52.309+00'),
('3', 'notices', '1baba85f9f8e38fabe81b064cd0db5fb', '2026-11-30 23:24:52.31+00'),
('4', 'login-audit', '4c08e6c26a021377e07a6277cca5909f', '2026-11-30 23:24:52.313+00'),
('5', 'key-proofs', 'f4aa1fe27e8160b3c9c85e15de2604b8', '2026-11-30 23:24:52.314+00'),
('6', 'retired-keys', 'a671d350b9e2cf48e51f2c7875cf219a', '2026-11-30 23:24:52.316+00'),
('7', 'role-changes', '4a1b9f7bcae5a125431d88fbaaf1ac35', '2026-11-30 23:24:52.318+00'),
('8', 'deleted-keys', '3ecb6e31fe7bff2e908638643ef16d32', '2026-11-30 23:24:52.319+00'),
('9', 'user-changes', '40fa4cb591b0dcda714591e45ea2c486', '2026-11-30 23:24:52.32+00');
insert into auth_api.signing_keys (kid, state, public_jwk, private_key, encryption_kid, created_at, activated_at, retired_at, expires_at) overriding system value values
('PcbgaXtdGelLq8KzlRtEFqV78BM7mCswdW39a_Eadds', 'active', '{"x": "s-fJ4X-U2f9biWFoT1zmYu9KIkcN_lzOl1njVVX41oQ", "y": "Xf0dunbk6BnjISyM0Dxiy5V0ys_QVPeAZ6NNy-pPbgg", "alg": "ES256", "crv": "P-256", "kid": "PcbgaXtdGelLq8KzlRtEFqV78BM7mCswdW39a_Eadds", "kty": "EC", "use": "sig"}', E'\\xf2d8a465486bdc9adfc4a36425409e744fd12a28e3cc33817c4eb001c8b3963676b3fae43b79f8207d36e0ede09f3d1c24c56685c5a844185ce86a3db71ede0e38553a9dbea36fef2a9c9cdb3cea2d81d8fd5766851561c3764b32320c142fc3d0caa7d0753fc182f82cc2c4333a38268823c154e1e0a6b226156add7d57220b2861a3888ffcb48cdfee0b9eccf40e58154a10b0202c538a972b688060b5466c0225df033605e53f1f86b339e5dc32466fed2f1ead6a38c895b8fbce687b50f14cc082aa15195df08b74efd2095bcde783b82ae04c4149a4379d85bf99757c7f77a030ed80288beb2b2e9a32c38bcc69e7df17c6a67f46dffd41967943471db23d23c97f2e215b7f9bea87aa', '1', '2026-11-30 23:25:26.96+00', '2026-11-30 23:25:26.96+00', null, null);
insert into auth_api.used_subject_tokens (hash, ends_at, claimed_until, used) overriding system value values
(E'\\xddc7b2829aa51235261bf39f6289a5ccd2e705e770cdfb7062953a52e135b721', '2026-11-30 23:35:52+00', '2026-11-30 23:25:53.080458+00', 'true');
insert into cleanup.audit_clients (id, client_id, agent, last_on) overriding system value values
('1', 'first-party', 'node', '2026-11-30');
insert into cleanup.audit_records (event_id, topic, type, key, session_id, session_seq, user_id, occurred_at, kept_at, data) overriding system value values
('01a22ec6-e584-7319-8789-0449884b950c', 'auth.session-events.v1', 'session.issued.v1', '01a22ec6-e577-7f50-9bd8-685683721661', '01a22ec6-e577-7f50-9bd8-685683721661', '0', '8f31fd57-127f-42ac-9783-2d939188740b', '2026-11-30 23:25:16.535+00', '2026-11-30 23:25:16.639779+00', '{"agent": "node", "network": "127.0.0.0/24", "user_id": "8f31fd57-127f-42ac-9783-2d939188740b", "client_id": "first-party", "expires_at": "2026-12-30T23:25:16.535Z", "generation": 0, "idle_until": "2026-12-07T23:25:16.535Z", "session_id": "01a22ec6-e577-7f50-9bd8-685683721661", "session_seq": 0}'),
('01a22ec6-e699-7eec-8d97-7ca0813ef23f', 'auth.session-events.v1', 'session.issued.v1', '01a22ec6-e698-7de3-9a03-497ebc44f95d', '01a22ec6-e698-7de3-9a03-497ebc44f95d', '0', '8f31fd57-127f-42ac-9783-2d939188740b', '2026-11-30 23:25:16.824+00', '2026-11-30 23:25:16.87878+00', '{"agent": "node", "network": "127.0.0.0/24", "user_id": "8f31fd57-127f-42ac-9783-2d939188740b", "client_id": "first-party", "expires_at": "2026-12-30T23:25:16.824Z", "generation": 0, "idle_until": "2026-12-07T23:25:16.824Z", "session_id": "01a22ec6-e698-7de3-9a03-497ebc44f95d", "session_seq": 0}'),
('01a22ec6-e77e-7ad5-a6fd-91a416e70722', 'auth.session-events.v1', 'session.issued.v1', '01a22ec6-e779-785d-8e8b-272c1257a16e', '01a22ec6-e779-785d-8e8b-272c1257a16e', '0', '8f31fd57-127f-42ac-9783-2d939188740b', '2026-11-30 23:25:17.049+00', '2026-11-30 23:25:17.098139+00', '{"agent": "node", "network": "127.0.0.0/24", "user_id": "8f31fd57-127f-42ac-9783-2d939188740b", "client_id": "first-party", "expires_at": "2026-12-30T23:25:17.049Z", "generation": 0, "idle_until": "2026-12-07T23:25:17.049Z", "session_id": "01a22ec6-e779-785d-8e8b-272c1257a16e", "session_seq": 0}'),
('01a22ec6-e816-72b9-9776-3b092b5d35d2', 'auth.session-events.v1', 'session.issued.v1', '01a22ec6-e814-71af-9d7f-91c7c8f5267b', '01a22ec6-e814-71af-9d7f-91c7c8f5267b', '0', '8f31fd57-127f-42ac-9783-2d939188740b', '2026-11-30 23:25:17.204+00', '2026-11-30 23:25:17.249996+00', '{"agent": "node", "network": "127.0.0.0/24", "user_id": "8f31fd57-127f-42ac-9783-2d939188740b", "client_id": "first-party", "expires_at": "2026-12-30T23:25:17.204Z", "generation": 0, "idle_until": "2026-12-07T23:25:17.204Z", "session_id": "01a22ec6-e814-71af-9d7f-91c7c8f5267b", "session_seq": 0}'),
('01a22ec6-ecd0-7167-b9ad-cecfde0f8506', 'auth.session-events.v1', 'session.issued.v1', '01a22ec6-ecbb-7c13-9d73-11fc500fc308', '01a22ec6-ecbb-7c13-9d73-11fc500fc308', '0', '8f31fd57-127f-42ac-9783-2d939188740b', '2026-11-30 23:25:18.395+00', '2026-11-30 23:25:18.470724+00', '{"agent": "node", "network": "127.0.0.0/24", "user_id": "8f31fd57-127f-42ac-9783-2d939188740b", "client_id": "first-party", "expires_at": "2026-12-30T23:25:18.395Z", "generation": 0, "idle_until": "2026-12-07T23:25:18.395Z", "session_id": "01a22ec6-ecbb-7c13-9d73-11fc500fc308", "session_seq": 0}'),
('01a22ec6-ecfd-7477-b79d-eb424524b716', 'auth.session-events.v1', 'session.revoked.v1', '01a22ec6-ecbb-7c13-9d73-11fc500fc308', '01a22ec6-ecbb-7c13-9d73-11fc500fc308', '3', '8f31fd57-127f-42ac-9783-2d939188740b', '2026-11-30 23:25:18.459+00', '2026-11-30 23:25:18.470845+00', '{"reason": "logout", "user_id": "8f31fd57-127f-42ac-9783-2d939188740b", "client_id": "first-party", "generation": 2, "session_id": "01a22ec6-ecbb-7c13-9d73-11fc500fc308", "session_seq": 3, "session_seconds": 0.064}'),
('01a22ec6-edca-7df4-ab09-16bf0f369500', 'auth.session-events.v1', 'session.issued.v1', '01a22ec6-edc8-7f51-b554-69c3de613eb4', '01a22ec6-edc8-7f51-b554-69c3de613eb4', '0', '8f31fd57-127f-42ac-9783-2d939188740b', '2026-11-30 23:25:18.664+00', '2026-11-30 23:25:18.711075+00', '{"agent": "node", "network": "127.0.0.0/24", "user_id": "8f31fd57-127f-42ac-9783-2d939188740b", "client_id": "first-party", "expires_at": "2026-12-30T23:25:18.664Z", "generation": 0, "idle_until": "2026-12-07T23:25:18.664Z", "session_id": "01a22ec6-edc8-7f51-b554-69c3de613eb4", "session_seq": 0}'),
('01a22ec6-edfd-7f5f-a206-99b6af1175a2', 'auth.session-events.v1', 'session.reuse-detected.v1', '01a22ec6-edc8-7f51-b554-69c3de613eb4', '01a22ec6-edc8-7f51-b554-69c3de613eb4', '3', '8f31fd57-127f-42ac-9783-2d939188740b', '2026-11-30 23:25:18.715+00', '2026-11-30 23:25:18.852011+00', '{"rotated": {"at": "2026-11-30T23:15:18.688Z", "agent": "node", "network": "127.0.0.0/24", "generation": 2}, "user_id": "8f31fd57-127f-42ac-9783-2d939188740b", "client_id": "first-party", "presented": {"at": "2026-11-30T23:25:18.715Z", "agent": "thief", "network": "127.0.0.0/24", "generation": 0}, "generation": 2, "session_id": "01a22ec6-edc8-7f51-b554-69c3de613eb4", "age_seconds": 590.3173310546875, "session_seq": 3, "session_seconds": 0.051}'),
('01a22ec6-eeb8-7dd1-8bcb-1e66d46ae95a', 'auth.session-events.v1', 'session.issued.v1', '01a22ec6-eeb5-7ec4-ab14-10c08fe6f885', '01a22ec6-eeb5-7ec4-ab14-10c08fe6f885', '0', '0eeb57fa-a759-4538-a635-4a51d09388e0', '2026-11-30 23:25:18.901+00', '2026-11-30 23:25:18.951255+00', '{"agent": "node", "network": "127.0.0.0/24", "user_id": "0eeb57fa-a759-4538-a635-4a51d09388e0", "client_id": "first-party", "expires_at": "2026-12-30T23:25:18.901Z", "generation": 0, "idle_until": "2026-12-07T23:25:18.901Z", "session_id": "01a22ec6-eeb5-7ec4-ab14-10c08fe6f885", "session_seq": 0}'),
('01a22ec6-ef66-7e24-8406-8351c57648e0', 'auth.session-events.v1', 'session.issued.v1', '01a22ec6-ef62-728e-b853-ea071693379a', '01a22ec6-ef62-728e-b853-ea071693379a', '0', 'aeba6ba6-296a-46f6-9139-9b02bb3664e1', '2026-11-30 23:25:19.074+00', '2026-11-30 23:25:19.220269+00', '{"agent": "node", "network": "127.0.0.0/24", "user_id": "aeba6ba6-296a-46f6-9139-9b02bb3664e1", "client_id": "first-party", "expires_at": "2026-12-30T23:25:19.074Z", "generation": 0, "idle_until": "2026-12-07T23:25:19.074Z", "session_id": "01a22ec6-ef62-728e-b853-ea071693379a", "session_seq": 0}'),
('01a22ec6-f06b-74d4-9238-42377a0e1243', 'auth.session-events.v1', 'session.issued.v1', '01a22ec6-f066-73d8-9893-c2e48aea1d80', '01a22ec6-f066-73d8-9893-c2e48aea1d80', '0', 'aeba6ba6-296a-46f6-9139-9b02bb3664e1', '2026-11-30 23:25:19.334+00', '2026-11-30 23:25:19.382572+00', '{"agent": "node", "network": "127.0.0.0/24", "user_id": "aeba6ba6-296a-46f6-9139-9b02bb3664e1", "client_id": "first-party", "expires_at": "2026-12-30T23:25:19.334Z", "generation": 0, "idle_until": "2026-12-07T23:25:19.334Z", "session_id": "01a22ec6-f066-73d8-9893-c2e48aea1d80", "session_seq": 0}'),
('01a22ec6-f23d-785d-9045-e45617a8f88d', 'auth.session-events.v1', 'session.revoked.v1', '01a22ec6-f066-73d8-9893-c2e48aea1d80', '01a22ec6-f066-73d8-9893-c2e48aea1d80', '1', 'aeba6ba6-296a-46f6-9139-9b02bb3664e1', '2026-11-30 23:25:19.802+00', '2026-11-30 23:25:19.849913+00', '{"reason": "password_changed", "user_id": "aeba6ba6-296a-46f6-9139-9b02bb3664e1", "client_id": "first-party", "generation": 0, "session_id": "01a22ec6-f066-73d8-9893-c2e48aea1d80", "session_seq": 1, "session_seconds": 0.468}'),
('01a22ec6-f2e7-76e7-9bd7-ae2c190e7d92', 'auth.session-events.v1', 'session.issued.v1', '01a22ec6-f2e5-7cb4-9d18-c3f5cd732955', '01a22ec6-f2e5-7cb4-9d18-c3f5cd732955', '0', '16cd3135-bf14-4494-baf8-6c140298fdb6', '2026-11-30 23:25:19.973+00', '2026-11-30 23:25:20.020162+00', '{"agent": "node", "network": "127.0.0.0/24", "user_id": "16cd3135-bf14-4494-baf8-6c140298fdb6", "client_id": "first-party", "expires_at": "2026-12-30T23:25:19.973Z", "generation": 0, "idle_until": "2026-12-07T23:25:19.973Z", "session_id": "01a22ec6-f2e5-7cb4-9d18-c3f5cd732955", "session_seq": 0}'),
('01a22ec6-f303-7b4d-b456-dffebe583aba', 'auth.session-events.v1', 'session.revoked.v1', '01a22ec6-f2e5-7cb4-9d18-c3f5cd732955', '01a22ec6-f2e5-7cb4-9d18-c3f5cd732955', '2', '16cd3135-bf14-4494-baf8-6c140298fdb6', '2026-11-30 23:25:20.002+00', '2026-11-30 23:25:20.020255+00', '{"reason": "user_disabled", "user_id": "16cd3135-bf14-4494-baf8-6c140298fdb6", "client_id": "first-party", "generation": 1, "session_id": "01a22ec6-f2e5-7cb4-9d18-c3f5cd732955", "session_seq": 2, "session_seconds": 0.029}'),
('01a22ec6-f3b1-7620-8292-0b6669e9a2ad', 'auth.session-events.v1', 'session.issued.v1', '01a22ec6-f3af-7307-ab45-4340832db509', '01a22ec6-f3af-7307-ab45-4340832db509', '0', '0eeb57fa-a759-4538-a635-4a51d09388e0', '2026-11-30 23:25:20.175+00', '2026-11-30 23:25:20.21834+00', '{"agent": "node", "network": "127.0.0.0/24", "user_id": "0eeb57fa-a759-4538-a635-4a51d09388e0", "client_id": "first-party", "expires_at": "2026-12-30T23:25:20.175Z", "generation": 0, "idle_until": "2026-12-07T23:25:20.175Z", "session_id": "01a22ec6-f3af-7307-ab45-4340832db509", "session_seq": 0}'),
('01a22ec6-fdd9-7b5d-87a6-3b2e7b70f4b4', 'auth.session-events.v1', 'session.issued.v1', '01a22ec6-fdd7-7b90-8680-8b0a55c73abf', '01a22ec6-fdd7-7b90-8680-8b0a55c73abf', '0', '002fcdb3-413f-4290-89fa-1e209d711d7b', '2026-11-30 23:25:22.775+00', '2026-11-30 23:25:22.825164+00', '{"agent": "phone", "network": "203.0.113.0/24", "user_id": "002fcdb3-413f-4290-89fa-1e209d711d7b", "client_id": "first-party", "expires_at": "2026-12-30T23:25:22.775Z", "generation": 0, "idle_until": "2026-12-07T23:25:22.775Z", "session_id": "01a22ec6-fdd7-7b90-8680-8b0a55c73abf", "session_seq": 0}'),
('01a22ec6-ff24-7429-8539-e950fbff280e', 'auth.session-events.v1', 'session.issued.v1', '01a22ec6-ff22-7561-91be-d321bdf670c0', '01a22ec6-ff22-7561-91be-d321bdf670c0', '0', 'f6b8ef3d-4b89-48d4-9b75-006204e9d0c0', '2026-11-30 23:25:23.106+00', '2026-11-30 23:25:23.149469+00', '{"agent": "phone", "network": "127.0.0.0/24", "user_id": "f6b8ef3d-4b89-48d4-9b75-006204e9d0c0", "client_id": "first-party", "expires_at": "2026-12-30T23:25:23.106Z", "generation": 0, "idle_until": "2026-12-07T23:25:23.106Z", "session_id": "01a22ec6-ff22-7561-91be-d321bdf670c0", "session_seq": 0}'),
('01a22ec7-0eec-7284-95d4-02cd86667071', 'auth.session-events.v1', 'session.issued.v1', '01a22ec7-0eea-7781-9f28-c075aa90efe3', '01a22ec7-0eea-7781-9f28-c075aa90efe3', '0', '8f31fd57-127f-42ac-9783-2d939188740b', '2026-11-30 23:25:27.146+00', '2026-11-30 23:25:27.189909+00', '{"agent": "node", "network": "127.0.0.0/24", "user_id": "8f31fd57-127f-42ac-9783-2d939188740b", "client_id": "first-party", "expires_at": "2026-12-30T23:25:27.146Z", "generation": 0, "idle_until": "2026-12-07T23:25:27.146Z", "session_id": "01a22ec7-0eea-7781-9f28-c075aa90efe3", "session_seq": 0}'),
('01a22ec7-0f5d-7595-b793-db0342e12652', 'auth.session-events.v1', 'session.issued.v1', '01a22ec7-0f5c-7a43-9a9f-e25900665e14', '01a22ec7-0f5c-7a43-9a9f-e25900665e14', '0', '8f31fd57-127f-42ac-9783-2d939188740b', '2026-11-30 23:25:27.26+00', '2026-11-30 23:25:27.305991+00', '{"agent": "node", "network": "127.0.0.0/24", "user_id": "8f31fd57-127f-42ac-9783-2d939188740b", "client_id": "first-party", "expires_at": "2026-12-30T23:25:27.260Z", "generation": 0, "idle_until": "2026-12-07T23:25:27.260Z", "session_id": "01a22ec7-0f5c-7a43-9a9f-e25900665e14", "session_seq": 0}'),
('04ac1bc4-ea3f-4774-833e-a8209caaf7b6', 'auth.login-events.v1', 'login.succeeded.v1', 'HagVUGVWqXqVptIcjqjUTPg1hPPdt3SW3VN79sZUx74', '01a22ec6-ef62-728e-b853-ea071693379a', null, 'aeba6ba6-296a-46f6-9139-9b02bb3664e1', '2026-11-30 23:25:19.081+00', '2026-11-30 23:25:19.089977+00', '{"agent": "node", "method": "password", "network": "127.0.0.0/24", "user_id": "aeba6ba6-296a-46f6-9139-9b02bb3664e1", "session_id": "01a22ec6-ef62-728e-b853-ea071693379a", "username_hash": "HagVUGVWqXqVptIcjqjUTPg1hPPdt3SW3VN79sZUx74"}'),
('125e3231-7969-4d19-98d4-a8d9d092282c', 'auth.login-events.v1', 'login.succeeded.v1', 'EY1cnb0zKoBBV0iqQD-DNy-0J9HKkOhunAMv0FBe4tU', '01a22ec6-ff22-7561-91be-d321bdf670c0', null, 'f6b8ef3d-4b89-48d4-9b75-006204e9d0c0', '2026-11-30 23:25:23.111+00', '2026-11-30 23:25:23.114162+00', '{"actor": "system:http://127.0.0.1:11647", "agent": "phone", "method": "token_exchange", "network": "127.0.0.0/24", "user_id": "f6b8ef3d-4b89-48d4-9b75-006204e9d0c0", "session_id": "01a22ec6-ff22-7561-91be-d321bdf670c0", "username_hash": "EY1cnb0zKoBBV0iqQD-DNy-0J9HKkOhunAMv0FBe4tU"}'),
('298b46a0-df62-4ad2-b071-1b975216fac8', 'auth.login-events.v1', 'login.succeeded.v1', 'HagVUGVWqXqVptIcjqjUTPg1hPPdt3SW3VN79sZUx74', '01a22ec6-f066-73d8-9893-c2e48aea1d80', null, 'aeba6ba6-296a-46f6-9139-9b02bb3664e1', '2026-11-30 23:25:19.339+00', '2026-11-30 23:25:19.343146+00', '{"agent": "node", "method": "password", "network": "127.0.0.0/24", "user_id": "aeba6ba6-296a-46f6-9139-9b02bb3664e1", "session_id": "01a22ec6-f066-73d8-9893-c2e48aea1d80", "username_hash": "HagVUGVWqXqVptIcjqjUTPg1hPPdt3SW3VN79sZUx74"}'),
('32544cb5-1c5e-45ac-ac8b-1627aa7f2636', 'auth.login-events.v1', 'login.succeeded.v1', 'YY8EFU-XM0_XCR_7dwpQ5A_m2E40qR8ZCruR_kxZ2fQ', '01a22ec7-0eea-7781-9f28-c075aa90efe3', null, '8f31fd57-127f-42ac-9783-2d939188740b', '2026-11-30 23:25:27.147+00', '2026-11-30 23:25:27.151157+00', '{"agent": "node", "method": "password", "network": "127.0.0.0/24", "user_id": "8f31fd57-127f-42ac-9783-2d939188740b", "session_id": "01a22ec7-0eea-7781-9f28-c075aa90efe3", "username_hash": "YY8EFU-XM0_XCR_7dwpQ5A_m2E40qR8ZCruR_kxZ2fQ"}'),
('3327eb70-6969-414b-9fa8-0dd47309e223', 'auth.login-events.v1', 'login.succeeded.v1', '4i9fEQGwdGWK8lSK-zvRzdYCi0gm-2GDYuLbqIfjKUQ', '01a22ec6-eeb5-7ec4-ab14-10c08fe6f885', null, '0eeb57fa-a759-4538-a635-4a51d09388e0', '2026-11-30 23:25:18.906+00', '2026-11-30 23:25:18.920843+00', '{"agent": "node", "method": "password", "network": "127.0.0.0/24", "user_id": "0eeb57fa-a759-4538-a635-4a51d09388e0", "session_id": "01a22ec6-eeb5-7ec4-ab14-10c08fe6f885", "username_hash": "4i9fEQGwdGWK8lSK-zvRzdYCi0gm-2GDYuLbqIfjKUQ"}'),
('35e72c66-dd55-407f-999c-56ff04079ea0', 'auth.login-events.v1', 'login.succeeded.v1', 'YY8EFU-XM0_XCR_7dwpQ5A_m2E40qR8ZCruR_kxZ2fQ', '01a22ec6-ecbb-7c13-9d73-11fc500fc308', null, '8f31fd57-127f-42ac-9783-2d939188740b', '2026-11-30 23:25:18.417+00', '2026-11-30 23:25:18.42122+00', '{"agent": "node", "method": "password", "network": "127.0.0.0/24", "user_id": "8f31fd57-127f-42ac-9783-2d939188740b", "session_id": "01a22ec6-ecbb-7c13-9d73-11fc500fc308", "username_hash": "YY8EFU-XM0_XCR_7dwpQ5A_m2E40qR8ZCruR_kxZ2fQ"}'),
('4b48657d-cdc9-4159-96cc-7b3607ed7015', 'auth.login-events.v1', 'login.succeeded.v1', 'YY8EFU-XM0_XCR_7dwpQ5A_m2E40qR8ZCruR_kxZ2fQ', '01a22ec6-edc8-7f51-b554-69c3de613eb4', null, '8f31fd57-127f-42ac-9783-2d939188740b', '2026-11-30 23:25:18.674+00', '2026-11-30 23:25:18.684191+00', '{"agent": "node", "method": "password", "network": "127.0.0.0/24", "user_id": "8f31fd57-127f-42ac-9783-2d939188740b", "session_id": "01a22ec6-edc8-7f51-b554-69c3de613eb4", "username_hash": "YY8EFU-XM0_XCR_7dwpQ5A_m2E40qR8ZCruR_kxZ2fQ"}'),
('5e339d67-2fbf-4743-b9dd-f6967e424a08', 'auth.login-events.v1', 'login.succeeded.v1', 'YY8EFU-XM0_XCR_7dwpQ5A_m2E40qR8ZCruR_kxZ2fQ', '01a22ec6-e814-71af-9d7f-91c7c8f5267b', null, '8f31fd57-127f-42ac-9783-2d939188740b', '2026-11-30 23:25:17.206+00', '2026-11-30 23:25:17.208687+00', '{"agent": "node", "method": "password", "network": "127.0.0.0/24", "user_id": "8f31fd57-127f-42ac-9783-2d939188740b", "session_id": "01a22ec6-e814-71af-9d7f-91c7c8f5267b", "username_hash": "YY8EFU-XM0_XCR_7dwpQ5A_m2E40qR8ZCruR_kxZ2fQ"}'),
('66699663-1c34-481c-a102-0948cf3d3511', 'auth.login-events.v1', 'login.succeeded.v1', 'YY8EFU-XM0_XCR_7dwpQ5A_m2E40qR8ZCruR_kxZ2fQ', '01a22ec6-e779-785d-8e8b-272c1257a16e', null, '8f31fd57-127f-42ac-9783-2d939188740b', '2026-11-30 23:25:17.055+00', '2026-11-30 23:25:17.058446+00', '{"agent": "node", "method": "password", "network": "127.0.0.0/24", "user_id": "8f31fd57-127f-42ac-9783-2d939188740b", "session_id": "01a22ec6-e779-785d-8e8b-272c1257a16e", "username_hash": "YY8EFU-XM0_XCR_7dwpQ5A_m2E40qR8ZCruR_kxZ2fQ"}'),
('71f45a89-c7dc-4c1c-9f76-9598bb9dedd7', 'auth.login-events.v1', 'refresh.refused.v1', '01a22ec6-edc8-7f51-b554-69c3de613eb4', '01a22ec6-edc8-7f51-b554-69c3de613eb4', null, null, '2026-11-30 23:25:18.717+00', '2026-11-30 23:25:18.722765+00', '{"code": "refresh_token_reused", "agent": "thief", "network": "127.0.0.0/24", "session_id": "01a22ec6-edc8-7f51-b554-69c3de613eb4"}'),
('828a3b9b-b023-48a7-9b9a-5a4d29f7f192', 'auth.login-events.v1', 'login.password-changed.v1', 'HagVUGVWqXqVptIcjqjUTPg1hPPdt3SW3VN79sZUx74', '01a22ec6-ef62-728e-b853-ea071693379a', null, 'aeba6ba6-296a-46f6-9139-9b02bb3664e1', '2026-11-30 23:25:19.807+00', '2026-11-30 23:25:19.808875+00', '{"agent": "node", "method": "own", "network": "127.0.0.0/24", "user_id": "aeba6ba6-296a-46f6-9139-9b02bb3664e1", "session_id": "01a22ec6-ef62-728e-b853-ea071693379a", "username_hash": "HagVUGVWqXqVptIcjqjUTPg1hPPdt3SW3VN79sZUx74"}'),
('896ff760-5164-4a4d-a15d-33e3aad56ded', 'auth.login-events.v1', 'login.failed.v1', 'YY8EFU-XM0_XCR_7dwpQ5A_m2E40qR8ZCruR_kxZ2fQ', null, null, null, '2026-11-30 23:25:23.396+00', '2026-11-30 23:25:23.405951+00', '{"agent": "node", "method": "password", "reason": "invalid_credentials", "network": "127.0.0.0/24", "username_hash": "YY8EFU-XM0_XCR_7dwpQ5A_m2E40qR8ZCruR_kxZ2fQ"}'),
('8d77217b-289b-819c-9e8e-87c48921d505', 'auth.security-events.v1', 'security.pattern-detected.v1', '01a22ec6-edc8-7f51-b554-69c3de613eb4', '01a22ec6-edc8-7f51-b554-69c3de613eb4', null, '8f31fd57-127f-42ac-9783-2d939188740b', '2026-11-30 23:25:18.812+00', '2026-11-30 23:25:18.826951+00', '{"agent": "thief", "count": 1, "last_at": "2026-11-30T23:25:18.715Z", "network": "127.0.0.0/24", "pattern": "reuse", "rotated": {"at": "2026-11-30T23:15:18.688Z", "agent": "node", "network": "127.0.0.0/24", "generation": 2}, "user_id": "8f31fd57-127f-42ac-9783-2d939188740b", "first_at": "2026-11-30T23:25:18.715Z", "presented": {"at": "2026-11-30T23:25:18.715Z", "agent": "thief", "network": "127.0.0.0/24", "generation": 0}, "threshold": 1, "session_id": "01a22ec6-edc8-7f51-b554-69c3de613eb4", "last_event_id": "01a22ec6-edfd-7f5f-a206-99b6af1175a2", "window_seconds": 60}'),
('b80470e5-d3c6-43e1-a22a-aefa4dde5a30', 'auth.login-events.v1', 'login.succeeded.v1', '4i9fEQGwdGWK8lSK-zvRzdYCi0gm-2GDYuLbqIfjKUQ', '01a22ec6-f3af-7307-ab45-4340832db509', null, '0eeb57fa-a759-4538-a635-4a51d09388e0', '2026-11-30 23:25:20.189+00', '2026-11-30 23:25:20.193901+00', '{"agent": "node", "method": "password", "network": "127.0.0.0/24", "user_id": "0eeb57fa-a759-4538-a635-4a51d09388e0", "session_id": "01a22ec6-f3af-7307-ab45-4340832db509", "username_hash": "4i9fEQGwdGWK8lSK-zvRzdYCi0gm-2GDYuLbqIfjKUQ"}'),
('bde1898e-bd4e-4564-b2cc-666e9de0e364', 'auth.login-events.v1', 'login.succeeded.v1', 'YB8kW-p9oedqQcg22bQ5-gmkA6qBtK6D8d6GtbUhppo', '01a22ec6-f2e5-7cb4-9d18-c3f5cd732955', null, '16cd3135-bf14-4494-baf8-6c140298fdb6', '2026-11-30 23:25:19.984+00', '2026-11-30 23:25:19.987866+00', '{"agent": "node", "method": "password", "network": "127.0.0.0/24", "user_id": "16cd3135-bf14-4494-baf8-6c140298fdb6", "session_id": "01a22ec6-f2e5-7cb4-9d18-c3f5cd732955", "username_hash": "YB8kW-p9oedqQcg22bQ5-gmkA6qBtK6D8d6GtbUhppo"}'),
('c12bebef-d63d-4979-ae12-10928e21e7aa', 'auth.login-events.v1', 'login.succeeded.v1', 'YY8EFU-XM0_XCR_7dwpQ5A_m2E40qR8ZCruR_kxZ2fQ', '01a22ec6-e577-7f50-9bd8-685683721661', null, '8f31fd57-127f-42ac-9783-2d939188740b', '2026-11-30 23:25:16.577+00', '2026-11-30 23:25:16.63467+00', '{"agent": "node", "method": "password", "network": "127.0.0.0/24", "user_id": "8f31fd57-127f-42ac-9783-2d939188740b", "session_id": "01a22ec6-e577-7f50-9bd8-685683721661", "username_hash": "YY8EFU-XM0_XCR_7dwpQ5A_m2E40qR8ZCruR_kxZ2fQ"}'),
('cbce0cf4-2f40-4dbe-8e3d-359ae65ed8ba', 'auth.login-events.v1', 'login.failed.v1', 'YY8EFU-XM0_XCR_7dwpQ5A_m2E40qR8ZCruR_kxZ2fQ', null, null, null, '2026-11-30 23:25:23.545+00', '2026-11-30 23:25:23.546692+00', '{"agent": "node", "method": "password", "reason": "invalid_credentials", "network": "127.0.0.0/24", "username_hash": "YY8EFU-XM0_XCR_7dwpQ5A_m2E40qR8ZCruR_kxZ2fQ"}'),
('e04bc04a-321f-83c4-a41c-765693cd4d50', 'auth.security-events.v1', 'security.pattern-detected.v1', '01a22ec6-e814-71af-9d7f-91c7c8f5267b', '01a22ec6-e814-71af-9d7f-91c7c8f5267b', null, '8f31fd57-127f-42ac-9783-2d939188740b', '2026-11-30 23:25:18.099+00', '2026-11-30 23:25:18.114051+00', '{"agent": "node", "count": 30, "last_at": "2026-11-30T23:25:18.093Z", "network": "127.0.0.0/24", "pattern": "refresh_velocity", "user_id": "8f31fd57-127f-42ac-9783-2d939188740b", "first_at": "2026-11-30T23:25:17.224Z", "threshold": 30, "session_id": "01a22ec6-e814-71af-9d7f-91c7c8f5267b", "last_event_id": "01a22ec6-eb92-7f80-946a-ecfa70400d04", "window_seconds": 300}'),
('ebf238a5-6390-4873-94a2-66c32fb0d19d', 'auth.login-events.v1', 'login.succeeded.v1', 'YY8EFU-XM0_XCR_7dwpQ5A_m2E40qR8ZCruR_kxZ2fQ', '01a22ec6-e698-7de3-9a03-497ebc44f95d', null, '8f31fd57-127f-42ac-9783-2d939188740b', '2026-11-30 23:25:16.861+00', '2026-11-30 23:25:16.874439+00', '{"agent": "node", "method": "password", "network": "127.0.0.0/24", "user_id": "8f31fd57-127f-42ac-9783-2d939188740b", "session_id": "01a22ec6-e698-7de3-9a03-497ebc44f95d", "username_hash": "YY8EFU-XM0_XCR_7dwpQ5A_m2E40qR8ZCruR_kxZ2fQ"}'),
('ecbeb31c-238a-831e-bd25-76c508d5b981', 'auth.security-events.v1', 'security.pattern-detected.v1', '8f31fd57-127f-42ac-9783-2d939188740b', '01a22ec7-0eea-7781-9f28-c075aa90efe3', null, '8f31fd57-127f-42ac-9783-2d939188740b', '2026-11-30 23:25:27.148+00', '2026-11-30 23:25:27.154309+00', '{"agent": "node", "count": 1, "last_at": "2026-11-30T23:25:27.147Z", "network": "127.0.0.0/24", "pattern": "sign_in_after_reuse", "user_id": "8f31fd57-127f-42ac-9783-2d939188740b", "first_at": "2026-11-30T23:25:18.715Z", "threshold": 1, "session_id": "01a22ec7-0eea-7781-9f28-c075aa90efe3", "last_event_id": "32544cb5-1c5e-45ac-ac8b-1627aa7f2636", "username_hash": "YY8EFU-XM0_XCR_7dwpQ5A_m2E40qR8ZCruR_kxZ2fQ", "window_seconds": 900}'),
('ed2e657a-ddd9-46cf-a633-b65a4cf5f910', 'auth.login-events.v1', 'login.succeeded.v1', 'YY8EFU-XM0_XCR_7dwpQ5A_m2E40qR8ZCruR_kxZ2fQ', '01a22ec7-0f5c-7a43-9a9f-e25900665e14', null, '8f31fd57-127f-42ac-9783-2d939188740b', '2026-11-30 23:25:27.261+00', '2026-11-30 23:25:27.264784+00', '{"agent": "node", "method": "password", "network": "127.0.0.0/24", "user_id": "8f31fd57-127f-42ac-9783-2d939188740b", "session_id": "01a22ec7-0f5c-7a43-9a9f-e25900665e14", "username_hash": "YY8EFU-XM0_XCR_7dwpQ5A_m2E40qR8ZCruR_kxZ2fQ"}'),
('f6f29e12-67cb-49f8-98d4-fdb55ea9fc87', 'auth.login-events.v1', 'login.succeeded.v1', 'rZ6YfY2OUMtgIUKQRfk3TaDhZyec6Wm4AmFdGdd1fK8', '01a22ec6-fdd7-7b90-8680-8b0a55c73abf', null, '002fcdb3-413f-4290-89fa-1e209d711d7b', '2026-11-30 23:25:22.796+00', '2026-11-30 23:25:22.830252+00', '{"actor": "key:test", "agent": "phone", "method": "external", "network": "203.0.113.0/24", "user_id": "002fcdb3-413f-4290-89fa-1e209d711d7b", "session_id": "01a22ec6-fdd7-7b90-8680-8b0a55c73abf", "username_hash": "rZ6YfY2OUMtgIUKQRfk3TaDhZyec6Wm4AmFdGdd1fK8"}');
insert into cleanup.audit_rotations (occurred_at, kept_at, idle_until, session_seq, generation, client, interval_seconds, event_id, session_id, user_id, network) overriding system value values
('2026-11-30 23:25:16.878+00', '2026-11-30 23:25:17.008617+00', '2026-12-07 23:25:16.878+00', '1', '1', '1', '0.054', '01a22ec6-e6d9-7b5e-b960-42bbeed5eb57', '01a22ec6-e698-7de3-9a03-497ebc44f95d', '8f31fd57-127f-42ac-9783-2d939188740b', '127.0.0.0/24'),
('2026-11-30 23:25:17.063+00', '2026-11-30 23:25:17.099147+00', '2026-12-07 23:25:17.063+00', '1', '1', '1', '0.014', '01a22ec6-e789-70fe-87ce-a0037ce5be77', '01a22ec6-e779-785d-8e8b-272c1257a16e', '8f31fd57-127f-42ac-9783-2d939188740b', '127.0.0.0/24'),
('2026-11-30 23:25:17.077+00', '2026-11-30 23:25:17.099381+00', '2026-12-07 23:25:17.077+00', '2', '2', '1', '0.014', '01a22ec6-e79f-739c-9774-a91e11f6c33a', '01a22ec6-e779-785d-8e8b-272c1257a16e', '8f31fd57-127f-42ac-9783-2d939188740b', '127.0.0.0/24'),
('2026-11-30 23:25:17.093+00', '2026-11-30 23:25:17.146173+00', '2026-12-07 23:25:17.093+00', '3', '3', '1', '0.016', '01a22ec6-e7ab-7f3c-9994-1ad19d1d47d3', '01a22ec6-e779-785d-8e8b-272c1257a16e', '8f31fd57-127f-42ac-9783-2d939188740b', '127.0.0.0/24'),
('2026-11-30 23:25:17.106+00', '2026-11-30 23:25:17.146272+00', '2026-12-07 23:25:17.106+00', '4', '4', '1', '0.013', '01a22ec6-e7b6-7c0f-a8e2-604212c80bc9', '01a22ec6-e779-785d-8e8b-272c1257a16e', '8f31fd57-127f-42ac-9783-2d939188740b', '127.0.0.0/24'),
('2026-11-30 23:25:17.118+00', '2026-11-30 23:25:17.14628+00', '2026-12-07 23:25:17.118+00', '5', '5', '1', '0.012', '01a22ec6-e7c0-76ae-b967-239c19dc52c1', '01a22ec6-e779-785d-8e8b-272c1257a16e', '8f31fd57-127f-42ac-9783-2d939188740b', '127.0.0.0/24'),
('2026-11-30 23:25:17.224+00', '2026-11-30 23:25:17.254269+00', '2026-12-07 23:25:17.224+00', '1', '1', '1', '0.02', '01a22ec6-e82d-753f-b46f-17605f0ffd34', '01a22ec6-e814-71af-9d7f-91c7c8f5267b', '8f31fd57-127f-42ac-9783-2d939188740b', '127.0.0.0/24'),
('2026-11-30 23:25:17.241+00', '2026-11-30 23:25:17.254411+00', '2026-12-07 23:25:17.241+00', '2', '2', '1', '0.017', '01a22ec6-e83b-7532-9c71-d0ed9a1ddc41', '01a22ec6-e814-71af-9d7f-91c7c8f5267b', '8f31fd57-127f-42ac-9783-2d939188740b', '127.0.0.0/24'),
('2026-11-30 23:25:17.252+00', '2026-11-30 23:25:17.331959+00', '2026-12-07 23:25:17.252+00', '3', '3', '1', '0.011', '01a22ec6-e847-752c-b123-1e6b762e4e1c', '01a22ec6-e814-71af-9d7f-91c7c8f5267b', '8f31fd57-127f-42ac-9783-2d939188740b', '127.0.0.0/24'),
('2026-11-30 23:25:17.262+00', '2026-11-30 23:25:17.332059+00', '2026-12-07 23:25:17.262+00', '4', '4', '1', '0.01', '01a22ec6-e850-7c04-b07f-179b5a4b1f5b', '01a22ec6-e814-71af-9d7f-91c7c8f5267b', '8f31fd57-127f-42ac-9783-2d939188740b', '127.0.0.0/24'),
('2026-11-30 23:25:17.274+00', '2026-11-30 23:25:17.332066+00', '2026-12-07 23:25:17.274+00', '5', '5', '1', '0.012', '01a22ec6-e85c-7a09-bd88-3f6a338ffa31', '01a22ec6-e814-71af-9d7f-91c7c8f5267b', '8f31fd57-127f-42ac-9783-2d939188740b', '127.0.0.0/24'),
('2026-11-30 23:25:17.298+00', '2026-11-30 23:25:17.62944+00', '2026-12-07 23:25:17.298+00', '6', '6', '1', '0.024', '01a22ec6-e8f2-74e0-97e7-f1243b71d7ce', '01a22ec6-e814-71af-9d7f-91c7c8f5267b', '8f31fd57-127f-42ac-9783-2d939188740b', '127.0.0.0/24'),
('2026-11-30 23:25:17.63+00', '2026-11-30 23:25:17.830754+00', '2026-12-07 23:25:17.63+00', '7', '7', '1', '0.332', '01a22ec6-ea17-7835-8953-db6c6701a462', '01a22ec6-e814-71af-9d7f-91c7c8f5267b', '8f31fd57-127f-42ac-9783-2d939188740b', '127.0.0.0/24'),
('2026-11-30 23:25:17.83+00', '2026-11-30 23:25:17.861578+00', '2026-12-07 23:25:17.83+00', '8', '8', '1', '0.2', '01a22ec6-ea8e-7e64-b410-9f52224925bf', '01a22ec6-e814-71af-9d7f-91c7c8f5267b', '8f31fd57-127f-42ac-9783-2d939188740b', '127.0.0.0/24'),
('2026-11-30 23:25:17.862+00', '2026-11-30 23:25:17.897934+00', '2026-12-07 23:25:17.862+00', '9', '9', '1', '0.032', '01a22ec6-eaa8-743d-ac75-263eb484c472', '01a22ec6-e814-71af-9d7f-91c7c8f5267b', '8f31fd57-127f-42ac-9783-2d939188740b', '127.0.0.0/24'),
('2026-11-30 23:25:17.87+00', '2026-11-30 23:25:17.898039+00', '2026-12-07 23:25:17.87+00', '10', '10', '1', '0.008', '01a22ec6-eab0-73a5-b8c4-0ac951f92003', '01a22ec6-e814-71af-9d7f-91c7c8f5267b', '8f31fd57-127f-42ac-9783-2d939188740b', '127.0.0.0/24'),
('2026-11-30 23:25:17.878+00', '2026-11-30 23:25:17.898047+00', '2026-12-07 23:25:17.878+00', '11', '11', '1', '0.008', '01a22ec6-eab7-7c5a-9fe3-cd9b6ce1bdc2', '01a22ec6-e814-71af-9d7f-91c7c8f5267b', '8f31fd57-127f-42ac-9783-2d939188740b', '127.0.0.0/24'),
('2026-11-30 23:25:17.889+00', '2026-11-30 23:25:17.898053+00', '2026-12-07 23:25:17.889+00', '12', '12', '1', '0.011', '01a22ec6-eac5-7e0e-97e1-7cb136d9ad5a', '01a22ec6-e814-71af-9d7f-91c7c8f5267b', '8f31fd57-127f-42ac-9783-2d939188740b', '127.0.0.0/24'),
('2026-11-30 23:25:17.906+00', '2026-11-30 23:25:17.933475+00', '2026-12-07 23:25:17.906+00', '13', '13', '1', '0.017', '01a22ec6-ead3-7654-bddb-a9bdb7e3a91d', '01a22ec6-e814-71af-9d7f-91c7c8f5267b', '8f31fd57-127f-42ac-9783-2d939188740b', '127.0.0.0/24'),
('2026-11-30 23:25:17.914+00', '2026-11-30 23:25:17.933563+00', '2026-12-07 23:25:17.914+00', '14', '14', '1', '0.008', '01a22ec6-eadb-7193-9ded-219abf2486b3', '01a22ec6-e814-71af-9d7f-91c7c8f5267b', '8f31fd57-127f-42ac-9783-2d939188740b', '127.0.0.0/24'),
('2026-11-30 23:25:17.922+00', '2026-11-30 23:25:17.93357+00', '2026-12-07 23:25:17.922+00', '15', '15', '1', '0.008', '01a22ec6-eae3-7183-84b2-d5cf5a960d6b', '01a22ec6-e814-71af-9d7f-91c7c8f5267b', '8f31fd57-127f-42ac-9783-2d939188740b', '127.0.0.0/24'),
('2026-11-30 23:25:17.929+00', '2026-11-30 23:25:17.973274+00', '2026-12-07 23:25:17.929+00', '16', '16', '1', '0.007', '01a22ec6-eaec-7432-8234-365c003a2a85', '01a22ec6-e814-71af-9d7f-91c7c8f5267b', '8f31fd57-127f-42ac-9783-2d939188740b', '127.0.0.0/24'),
('2026-11-30 23:25:17.942+00', '2026-11-30 23:25:17.973364+00', '2026-12-07 23:25:17.942+00', '17', '17', '1', '0.013', '01a22ec6-eafa-78a6-b0c9-62d094110e08', '01a22ec6-e814-71af-9d7f-91c7c8f5267b', '8f31fd57-127f-42ac-9783-2d939188740b', '127.0.0.0/24'),
('2026-11-30 23:25:17.951+00', '2026-11-30 23:25:17.973371+00', '2026-12-07 23:25:17.951+00', '18', '18', '1', '0.009', '01a22ec6-eb02-724d-86aa-ef200ecbb98a', '01a22ec6-e814-71af-9d7f-91c7c8f5267b', '8f31fd57-127f-42ac-9783-2d939188740b', '127.0.0.0/24'),
('2026-11-30 23:25:17.959+00', '2026-11-30 23:25:17.973376+00', '2026-12-07 23:25:17.959+00', '19', '19', '1', '0.008', '01a22ec6-eb08-7c6c-8011-fe82678cef9b', '01a22ec6-e814-71af-9d7f-91c7c8f5267b', '8f31fd57-127f-42ac-9783-2d939188740b', '127.0.0.0/24'),
('2026-11-30 23:25:17.969+00', '2026-11-30 23:25:17.973381+00', '2026-12-07 23:25:17.969+00', '20', '20', '1', '0.01', '01a22ec6-eb12-7a20-82fb-6a346622cd23', '01a22ec6-e814-71af-9d7f-91c7c8f5267b', '8f31fd57-127f-42ac-9783-2d939188740b', '127.0.0.0/24'),
('2026-11-30 23:25:17.974+00', '2026-11-30 23:25:18.022435+00', '2026-12-07 23:25:17.974+00', '21', '21', '1', '0.005', '01a22ec6-eb17-795a-8f8d-d0cac0b293af', '01a22ec6-e814-71af-9d7f-91c7c8f5267b', '8f31fd57-127f-42ac-9783-2d939188740b', '127.0.0.0/24'),
('2026-11-30 23:25:17.978+00', '2026-11-30 23:25:18.02252+00', '2026-12-07 23:25:17.978+00', '22', '22', '1', '0.004', '01a22ec6-eb1e-7997-9fea-d0c90f5532f3', '01a22ec6-e814-71af-9d7f-91c7c8f5267b', '8f31fd57-127f-42ac-9783-2d939188740b', '127.0.0.0/24'),
('2026-11-30 23:25:17.986+00', '2026-11-30 23:25:18.022527+00', '2026-12-07 23:25:17.986+00', '23', '23', '1', '0.008', '01a22ec6-eb24-7277-bd01-1b86b207a61f', '01a22ec6-e814-71af-9d7f-91c7c8f5267b', '8f31fd57-127f-42ac-9783-2d939188740b', '127.0.0.0/24'),
('2026-11-30 23:25:17.994+00', '2026-11-30 23:25:18.022532+00', '2026-12-07 23:25:17.994+00', '24', '24', '1', '0.008', '01a22ec6-eb2e-74cd-8e64-7c53cd533d3a', '01a22ec6-e814-71af-9d7f-91c7c8f5267b', '8f31fd57-127f-42ac-9783-2d939188740b', '127.0.0.0/24'),
('2026-11-30 23:25:18.021+00', '2026-11-30 23:25:18.061562+00', '2026-12-07 23:25:18.021+00', '25', '25', '1', '0.027', '01a22ec6-eb47-70cd-b387-d9a18a6e8f88', '01a22ec6-e814-71af-9d7f-91c7c8f5267b', '8f31fd57-127f-42ac-9783-2d939188740b', '127.0.0.0/24'),
('2026-11-30 23:25:18.029+00', '2026-11-30 23:25:18.061651+00', '2026-12-07 23:25:18.029+00', '26', '26', '1', '0.008', '01a22ec6-eb4f-7406-ab8c-e12c5b8104b6', '01a22ec6-e814-71af-9d7f-91c7c8f5267b', '8f31fd57-127f-42ac-9783-2d939188740b', '127.0.0.0/24'),
('2026-11-30 23:25:18.039+00', '2026-11-30 23:25:18.061659+00', '2026-12-07 23:25:18.039+00', '27', '27', '1', '0.01', '01a22ec6-eb5a-7015-92ba-0a0a2dfbeaee', '01a22ec6-e814-71af-9d7f-91c7c8f5267b', '8f31fd57-127f-42ac-9783-2d939188740b', '127.0.0.0/24'),
('2026-11-30 23:25:18.05+00', '2026-11-30 23:25:18.061664+00', '2026-12-07 23:25:18.05+00', '28', '28', '1', '0.011', '01a22ec6-eb64-7c7b-bc5f-40f1cea0ddc0', '01a22ec6-e814-71af-9d7f-91c7c8f5267b', '8f31fd57-127f-42ac-9783-2d939188740b', '127.0.0.0/24'),
('2026-11-30 23:25:18.061+00', '2026-11-30 23:25:18.102168+00', '2026-12-07 23:25:18.061+00', '29', '29', '1', '0.011', '01a22ec6-eb80-7c85-b51c-46c2bc5ee8ec', '01a22ec6-e814-71af-9d7f-91c7c8f5267b', '8f31fd57-127f-42ac-9783-2d939188740b', '127.0.0.0/24'),
('2026-11-30 23:25:18.093+00', '2026-11-30 23:25:18.102272+00', '2026-12-07 23:25:18.093+00', '30', '30', '1', '0.032', '01a22ec6-eb92-7f80-946a-ecfa70400d04', '01a22ec6-e814-71af-9d7f-91c7c8f5267b', '8f31fd57-127f-42ac-9783-2d939188740b', '127.0.0.0/24'),
('2026-11-30 23:25:18.422+00', '2026-11-30 23:25:18.471531+00', '2026-12-07 23:25:18.422+00', '1', '1', '1', '0.027', '01a22ec6-ecd8-7c38-b83a-20fffffe6d4b', '01a22ec6-ecbb-7c13-9d73-11fc500fc308', '8f31fd57-127f-42ac-9783-2d939188740b', '127.0.0.0/24'),
('2026-11-30 23:25:18.428+00', '2026-11-30 23:25:18.471647+00', '2026-12-07 23:25:18.428+00', '2', '2', '1', '0.006', '01a22ec6-ecdd-7895-908f-39c47347350a', '01a22ec6-ecbb-7c13-9d73-11fc500fc308', '8f31fd57-127f-42ac-9783-2d939188740b', '127.0.0.0/24'),
('2026-11-30 23:25:18.682+00', '2026-11-30 23:25:18.711006+00', '2026-12-07 23:25:18.682+00', '1', '1', '1', '0.018', '01a22ec6-eddb-7aa5-897c-a9c33f6504e5', '01a22ec6-edc8-7f51-b554-69c3de613eb4', '8f31fd57-127f-42ac-9783-2d939188740b', '127.0.0.0/24'),
('2026-11-30 23:25:18.688+00', '2026-11-30 23:25:18.711115+00', '2026-12-07 23:25:18.688+00', '2', '2', '1', '0.006', '01a22ec6-ede1-70d1-8839-62e5014552f0', '01a22ec6-edc8-7f51-b554-69c3de613eb4', '8f31fd57-127f-42ac-9783-2d939188740b', '127.0.0.0/24'),
('2026-11-30 23:25:18.923+00', '2026-11-30 23:25:18.951824+00', '2026-12-07 23:25:18.923+00', '1', '1', '1', '0.022', '01a22ec6-eed3-7c69-9900-49801f5e8a38', '01a22ec6-eeb5-7ec4-ab14-10c08fe6f885', '0eeb57fa-a759-4538-a635-4a51d09388e0', '127.0.0.0/24'),
('2026-11-30 23:25:19.812+00', '2026-11-30 23:25:19.847527+00', '2026-12-07 23:25:19.812+00', '1', '1', '1', '0.738', '01a22ec6-f24d-7a1b-8f8e-d4a8ffe5134f', '01a22ec6-ef62-728e-b853-ea071693379a', 'aeba6ba6-296a-46f6-9139-9b02bb3664e1', '127.0.0.0/24'),
('2026-11-30 23:25:19.989+00', '2026-11-30 23:25:20.019617+00', '2026-12-07 23:25:19.989+00', '1', '1', '1', '0.016', '01a22ec6-f2f6-7784-b60d-4b2a5a635718', '01a22ec6-f2e5-7cb4-9d18-c3f5cd732955', '16cd3135-bf14-4494-baf8-6c140298fdb6', '127.0.0.0/24'),
('2026-11-30 23:25:20.194+00', '2026-11-30 23:25:20.21903+00', '2026-12-07 23:25:20.194+00', '1', '1', '1', '0.019', '01a22ec6-f3c3-7626-9d37-a32b88e5b3f8', '01a22ec6-f3af-7307-ab45-4340832db509', '0eeb57fa-a759-4538-a635-4a51d09388e0', '127.0.0.0/24'),
('2026-11-30 23:25:20.204+00', '2026-11-30 23:25:20.219115+00', '2026-12-07 23:25:20.204+00', '2', '2', '1', '0.01', '01a22ec6-f3d2-7546-9238-edd306e68171', '01a22ec6-f3af-7307-ab45-4340832db509', '0eeb57fa-a759-4538-a635-4a51d09388e0', '127.0.0.0/24'),
('2026-11-30 23:25:20.218+00', '2026-11-30 23:25:20.263945+00', '2026-12-07 23:25:20.218+00', '3', '3', '1', '0.014', '01a22ec6-f3db-7cbf-abf0-f89eb6c291cc', '01a22ec6-f3af-7307-ab45-4340832db509', '0eeb57fa-a759-4538-a635-4a51d09388e0', '127.0.0.0/24'),
('2026-11-30 23:25:27.153+00', '2026-11-30 23:25:27.193923+00', '2026-12-07 23:25:27.153+00', '1', '1', '1', '0.007', '01a22ec7-0ef3-7a09-a693-b681ebe53ba0', '01a22ec7-0eea-7781-9f28-c075aa90efe3', '8f31fd57-127f-42ac-9783-2d939188740b', '127.0.0.0/24');
insert into cleanup.audit_unpartitioned (event_id, topic, type, key, session_id, session_seq, user_id, occurred_at, kept_at, data) overriding system value values
('39b17edc-766c-4cbb-a1cf-86abc2180c5a', 'auth.session-events.v1', 'session.issued.v1', '01a22ec6-e779-785d-8e8b-272c1257a16e', '01a22ec6-e779-785d-8e8b-272c1257a16e', '0', '8f31fd57-127f-42ac-9783-2d939188740b', '2026-10-31 23:25:17.049+00', '2026-11-30 23:25:27.351385+00', '{"agent": "node", "network": "127.0.0.0/24", "user_id": "8f31fd57-127f-42ac-9783-2d939188740b", "client_id": "first-party", "expires_at": "2026-12-30T23:25:17.049Z", "generation": 0, "idle_until": "2026-12-07T23:25:17.049Z", "session_id": "01a22ec6-e779-785d-8e8b-272c1257a16e", "session_seq": 0}'),
('b3612eef-fb9a-431a-b5b8-69bf7753c4a4', 'auth.session-events.v1', 'session.issued.v1', '01a22ec6-e577-7f50-9bd8-685683721661', '01a22ec6-e577-7f50-9bd8-685683721661', '0', '8f31fd57-127f-42ac-9783-2d939188740b', '2026-10-31 23:25:16.535+00', '2026-11-30 23:25:27.350141+00', '{"agent": "node", "network": "127.0.0.0/24", "user_id": "8f31fd57-127f-42ac-9783-2d939188740b", "client_id": "first-party", "expires_at": "2026-12-30T23:25:16.535Z", "generation": 0, "idle_until": "2026-12-07T23:25:16.535Z", "session_id": "01a22ec6-e577-7f50-9bd8-685683721661", "session_seq": 0}'),
('fb5c65d6-1cf4-4b69-90ab-4410f2cc0e96', 'auth.session-events.v1', 'session.issued.v1', '01a22ec6-e698-7de3-9a03-497ebc44f95d', '01a22ec6-e698-7de3-9a03-497ebc44f95d', '0', '8f31fd57-127f-42ac-9783-2d939188740b', '2026-10-31 23:25:16.824+00', '2026-11-30 23:25:27.351342+00', '{"agent": "node", "network": "127.0.0.0/24", "user_id": "8f31fd57-127f-42ac-9783-2d939188740b", "client_id": "first-party", "expires_at": "2026-12-30T23:25:16.824Z", "generation": 0, "idle_until": "2026-12-07T23:25:16.824Z", "session_id": "01a22ec6-e698-7de3-9a03-497ebc44f95d", "session_seq": 0}');
insert into cleanup.schema_version (version, name, md5, run_at) overriding system value values
('0', null, null, null),
('1', 'audit-events', '4922b9622944096029e9904a8f3c665c', '2026-11-30 23:24:52.439+00'),
('2', 'audit-partitions', '64e2ab9a6c5cfaa968cc16d5fa0cc0c6', '2026-11-30 23:24:52.496+00'),
('3', 'timeline-indexes', 'ef2665c251a2f49924f54efacfb98bb1', '2026-11-30 23:24:52.527+00');
insert into token_store.downtimes (started_at, ended_at) overriding system value values
('2026-11-30 23:24:54.518647+00', '2026-11-30 23:25:04.228316+00');
insert into token_store.heartbeat (id, beat_at) overriding system value values
('1', '2026-11-30 23:25:26.426551+00');
insert into token_store.key_proofs (name, proof, first_used_at) overriding system value values
('REFRESH_TOKEN_KEYS:1', E'\\x102a9dd9d820e268f0e2192745c6678531c08cbe1e8b552a26cb740f0fd4be66', '2026-11-30 23:24:52.872156+00');
insert into token_store.lane_leases (lane, owner, leased_until) overriding system value values
('0', 'a663bdec-109b-413b-b50f-a2d7d6a3fc5e', '2026-11-30 23:25:35.615439+00'),
('1', 'a663bdec-109b-413b-b50f-a2d7d6a3fc5e', '2026-11-30 23:25:35.615455+00'),
('10', 'a663bdec-109b-413b-b50f-a2d7d6a3fc5e', '2026-11-30 23:25:35.615468+00'),
('11', 'a663bdec-109b-413b-b50f-a2d7d6a3fc5e', '2026-11-30 23:25:35.615469+00'),
('12', 'a663bdec-109b-413b-b50f-a2d7d6a3fc5e', '2026-11-30 23:25:35.61547+00'),
('13', 'a663bdec-109b-413b-b50f-a2d7d6a3fc5e', '2026-11-30 23:25:35.615472+00'),
('14', 'a663bdec-109b-413b-b50f-a2d7d6a3fc5e', '2026-11-30 23:25:35.615473+00'),
('15', 'a663bdec-109b-413b-b50f-a2d7d6a3fc5e', '2026-11-30 23:25:35.615474+00'),
('2', 'a663bdec-109b-413b-b50f-a2d7d6a3fc5e', '2026-11-30 23:25:35.615457+00'),
('3', 'a663bdec-109b-413b-b50f-a2d7d6a3fc5e', '2026-11-30 23:25:35.615459+00'),
('4', 'a663bdec-109b-413b-b50f-a2d7d6a3fc5e', '2026-11-30 23:25:35.615461+00'),
('5', 'a663bdec-109b-413b-b50f-a2d7d6a3fc5e', '2026-11-30 23:25:35.615462+00'),
('6', 'a663bdec-109b-413b-b50f-a2d7d6a3fc5e', '2026-11-30 23:25:35.615463+00'),
('7', 'a663bdec-109b-413b-b50f-a2d7d6a3fc5e', '2026-11-30 23:25:35.615464+00'),
('8', 'a663bdec-109b-413b-b50f-a2d7d6a3fc5e', '2026-11-30 23:25:35.615466+00'),
('9', 'a663bdec-109b-413b-b50f-a2d7d6a3fc5e', '2026-11-30 23:25:35.615467+00');
insert into token_store.outbox (lane, id, event_id, session_id, type, occurred_at, body, traceparent) overriding system value values
('8', '67', '01a22ec7-1e7b-7139-bcc5-c49e84641b95', '01a22ec6-e698-7de3-9a03-497ebc44f95d', 'session.revoked.v1', '2026-11-30 23:25:31.123+00', '{"actor": "cli:root", "reason": "admin", "user_id": "8f31fd57-127f-42ac-9783-2d939188740b", "client_id": "first-party", "generation": 1, "session_id": "01a22ec6-e698-7de3-9a03-497ebc44f95d", "session_seq": 2, "session_seconds": 14.299}', null);
insert into token_store.relays (owner, seen_until) overriding system value values
('a663bdec-109b-413b-b50f-a2d7d6a3fc5e', '2026-11-30 23:25:35.615494+00');
insert into token_store.schema_version (version, name, md5, run_at) overriding system value values
('0', null, null, null),
('1', 'sessions', '03877b9155a27d386d5ed6ac7f25bbea', '2026-11-30 23:24:52.198+00'),
('2', 'outbox', '7d0e07683b137a62ce783f807e9e9f9b', '2026-11-30 23:24:52.206+00'),
('3', 'sweep', '9cbadfa0e9dfb0c14139fc50698c2f79', '2026-11-30 23:24:52.207+00'),
('4', 'key-proofs', '1bb6c5bc6146c166d33e209d53195985', '2026-11-30 23:24:52.209+00'),
('5', 'followers', 'b527833df4a17f8c078c89b24c1694df', '2026-11-30 23:24:52.222+00'),
('6', 'sweep-guard', '3f59c395f937f8ef16f203c0138fcfb6', '2026-11-30 23:24:52.226+00'),
('7', 'revocation-pages', '6ee518e5f500f64e3b05edd51ac33980', '2026-11-30 23:24:52.23+00'),
('8', 'authentication', '05dce7a07e436bd9deba7d5468e431d0', '2026-11-30 23:24:52.25+00'),
('9', 'sweep-by-index', '94506f8ca337bf20d25fe1b90e51de3e', '2026-11-30 23:24:52.251+00');
insert into token_store.sessions (id, user_id, user_version, client_id, generation, mac_kid, nonce_hash, authenticated_at, expires_at, idle_until, keep_until, sweep_bucket, rotated_at, floor_generation, mark_generation, mark_at, attempt_hash, seq, access_expires_at, rotation_tokens, replay_tokens, bucket_at, network, agent, suspect_generation, suspect_streak, revoked_at, revoke_reason, former_network, former_generation, suspect_network, suspect_run, agent_generation, agent_follows, noted_generation, noted_place, noted_events, regressed_at, amr, auth_time) overriding system value values
('01a22ec6-e577-7f50-9bd8-685683721661', '8f31fd57-127f-42ac-9783-2d939188740b', '1', 'first-party', '0', '1', E'\\xd468546556435daf6e0697dbb438c5e4b840c31b6471db9e147c2317cc1d6136', '2026-11-30 23:25:16.535+00', '2026-12-30 23:25:16.535+00', '2026-12-07 23:25:16.535+00', '2026-12-07 23:25:16.535+00', '83180', '2026-11-30 23:25:16.535+00', '-1', '-1', '2026-11-30 23:25:16.535+00', null, '0', '2026-11-30 23:56:16.535+00', '0', '0', '2026-11-30 23:25:16.535+00', '127.0.0.0/24', 'node', '-1', '0', null, null, '', '-1', '', '0', '-1', '0', '-1', '', '0', null, null, null),
('01a22ec6-e698-7de3-9a03-497ebc44f95d', '8f31fd57-127f-42ac-9783-2d939188740b', '1', 'first-party', '1', '1', E'\\x023dda4beda3a030bd4ef407832086933599e3a5ec37072f44980c982bbed5dc', '2026-11-30 23:25:16.824+00', '2026-12-30 23:25:16.824+00', '2026-12-07 23:25:16.878+00', '2026-12-07 23:25:16.824+00', '83180', '2026-11-30 23:25:16.878+00', '-1', '-1', '2026-11-30 23:25:16.824+00', null, '2', '2026-11-30 23:56:16.878+00', '0', '0', '2026-11-30 23:25:16.878+00', '127.0.0.0/24', 'node', '-1', '0', '2026-11-30 23:25:31.123+00', 'admin', '', '-1', '', '0', '-1', '0', '-1', '', '0', null, null, null),
('01a22ec6-e779-785d-8e8b-272c1257a16e', '8f31fd57-127f-42ac-9783-2d939188740b', '1', 'first-party', '5', '1', E'\\x0ef331cf6e9cdbda741e2c1480e99d6fa282833846d34aced7279f35e4a760fc', '2026-11-30 23:25:17.049+00', '2026-12-30 23:25:17.049+00', '2026-12-07 23:25:17.118+00', '2026-12-07 23:25:17.049+00', '83180', '2026-11-30 23:25:17.118+00', '-1', '-1', '2026-11-30 23:25:17.049+00', null, '5', '2026-11-30 23:56:17.118+00', '0', '0', '2026-11-30 23:25:17.118+00', '127.0.0.0/24', 'node', '-1', '0', null, null, '', '-1', '', '0', '-1', '0', '-1', '', '0', null, null, null),
('01a22ec6-e814-71af-9d7f-91c7c8f5267b', '8f31fd57-127f-42ac-9783-2d939188740b', '1', 'first-party', '30', '1', E'\\x7c5e4eec96259a30b28068e0bc093c08282b5acf95c235b0b75999644303519b', '2026-11-30 23:25:17.204+00', '2026-12-30 23:25:17.204+00', '2026-12-07 23:25:18.093+00', '2026-12-07 23:25:17.204+00', '83180', '2026-11-30 23:25:18.093+00', '-1', '-1', '2026-11-30 23:25:17.204+00', null, '30', '2026-11-30 23:56:18.093+00', '0', '0', '2026-11-30 23:25:18.093+00', '127.0.0.0/24', 'node', '-1', '0', null, null, '', '-1', '', '0', '-1', '0', '-1', '', '0', null, null, null),
('01a22ec6-ecbb-7c13-9d73-11fc500fc308', '8f31fd57-127f-42ac-9783-2d939188740b', '1', 'first-party', '2', '1', E'\\x7fbf9d89673dd88bf2b6b785de22846f5d90e9cb04da522b50a554e5970dd7dd', '2026-11-30 23:25:18.395+00', '2026-12-30 23:25:18.395+00', '2026-12-07 23:25:18.428+00', '2026-12-07 23:25:18.395+00', '83180', '2026-11-30 23:25:18.428+00', '-1', '-1', '2026-11-30 23:25:18.395+00', null, '3', '2026-11-30 23:56:18.428+00', '0', '0', '2026-11-30 23:25:18.428+00', '127.0.0.0/24', 'node', '-1', '0', '2026-11-30 23:25:18.459+00', 'logout', '', '-1', '', '0', '-1', '0', '-1', '', '0', null, null, null),
('01a22ec6-edc8-7f51-b554-69c3de613eb4', '8f31fd57-127f-42ac-9783-2d939188740b', '1', 'first-party', '2', '1', E'\\x41e190bb911fdeed752fc5c9b6d080a6d8872354297b2a38b938a1dcfe84c770', '2026-11-30 23:25:18.664+00', '2026-12-30 23:25:18.664+00', '2026-12-07 23:25:18.688+00', '2026-12-07 23:25:18.664+00', '83180', '2026-11-30 23:15:18.688+00', '-1', '-1', '2026-11-30 23:25:18.664+00', null, '3', '2026-11-30 23:56:18.688+00', '0', '0', '2026-11-30 23:25:18.688+00', '127.0.0.0/24', 'node', '-1', '0', '2026-11-30 23:25:18.715+00', 'reuse', '', '-1', '', '0', '-1', '0', '-1', '', '0', null, null, null),
('01a22ec6-eeb5-7ec4-ab14-10c08fe6f885', '0eeb57fa-a759-4538-a635-4a51d09388e0', '1', 'first-party', '1', '1', E'\\xccdb0d4213f54f51bf1400990f6f0e56133aff631e9a0231f76ca54940fb98c6', '2026-11-22 23:25:18.901+00', '2026-12-30 23:25:18.901+00', '2026-11-29 23:25:18.923+00', '2026-12-07 23:25:18.901+00', '83180', '2026-11-22 23:25:18.923+00', '-1', '-1', '2026-11-30 23:25:18.901+00', null, '1', '2026-11-22 23:56:18.923+00', '0', '0', '2026-11-30 23:25:18.923+00', '127.0.0.0/24', 'node', '-1', '0', null, null, '', '-1', '', '0', '-1', '0', '-1', '', '0', null, null, null),
('01a22ec6-ef62-728e-b853-ea071693379a', 'aeba6ba6-296a-46f6-9139-9b02bb3664e1', '2', 'first-party', '1', '1', E'\\xfe3342b03a91e94e78707fe42cacb3465cbf5d816aaf0cecaf3bbd9daaf2692b', '2026-11-30 23:25:19.074+00', '2026-12-30 23:25:19.074+00', '2026-12-07 23:25:19.812+00', '2026-12-07 23:25:19.074+00', '83180', '2026-11-30 23:25:19.812+00', '-1', '-1', '2026-11-30 23:25:19.074+00', null, '1', '2026-11-30 23:56:19.812+00', '0', '0', '2026-11-30 23:25:19.812+00', '127.0.0.0/24', 'node', '-1', '0', null, null, '', '-1', '', '0', '-1', '0', '-1', '', '0', null, null, null),
('01a22ec6-f066-73d8-9893-c2e48aea1d80', 'aeba6ba6-296a-46f6-9139-9b02bb3664e1', '1', 'first-party', '0', '1', E'\\xd59b5f35f25ed800d44fe5d4006c9205498de873caf15a9b3b891db2acf2a305', '2026-11-30 23:25:19.334+00', '2026-12-30 23:25:19.334+00', '2026-12-07 23:25:19.334+00', '2026-12-07 23:25:19.334+00', '83180', '2026-11-30 23:25:19.334+00', '-1', '-1', '2026-11-30 23:25:19.334+00', null, '1', '2026-11-30 23:56:19.334+00', '0', '0', '2026-11-30 23:25:19.334+00', '127.0.0.0/24', 'node', '-1', '0', '2026-11-30 23:25:19.802+00', 'password_changed', '', '-1', '', '0', '-1', '0', '-1', '', '0', null, null, null),
('01a22ec6-f2e5-7cb4-9d18-c3f5cd732955', '16cd3135-bf14-4494-baf8-6c140298fdb6', '1', 'first-party', '1', '1', E'\\xc4df2cd05f4169fabe3fba725a70d2fe6197e4f68083f38a19cb88e30389ed10', '2026-11-30 23:25:19.973+00', '2026-12-30 23:25:19.973+00', '2026-12-07 23:25:19.989+00', '2026-12-07 23:25:19.973+00', '83180', '2026-11-30 23:25:19.989+00', '-1', '-1', '2026-11-30 23:25:19.973+00', null, '2', '2026-11-30 23:56:19.989+00', '0', '0', '2026-11-30 23:25:19.989+00', '127.0.0.0/24', 'node', '-1', '0', '2026-11-30 23:25:20.002+00', 'user_disabled', '', '-1', '', '0', '-1', '0', '-1', '', '0', null, null, null),
('01a22ec6-f3af-7307-ab45-4340832db509', '0eeb57fa-a759-4538-a635-4a51d09388e0', '1', 'first-party', '3', '1', E'\\x5f030ad68c64376e396f778ed24b46dd0ac1bd4dd7cddb018d3d15a1a18b5f4f', '2026-11-30 23:25:20.175+00', '2026-12-30 23:25:20.175+00', '2026-12-07 23:25:20.218+00', '2026-12-07 23:25:20.175+00', '83180', '2026-11-30 23:25:20.218+00', '-1', '-1', '2026-11-30 23:25:20.175+00', null, '3', '2026-11-30 23:56:20.218+00', '0', '0', '2026-11-30 23:25:20.218+00', '127.0.0.0/24', 'node', '-1', '0', null, null, '', '-1', '', '0', '-1', '0', '-1', '', '0', null, null, null),
('01a22ec6-fdd7-7b90-8680-8b0a55c73abf', '002fcdb3-413f-4290-89fa-1e209d711d7b', '1', 'first-party', '0', '1', E'\\x9a70a28b6a8a7b7a6bb0c686cebebc5cd68982773ea49ffa5dcb95c438a642db', '2026-11-30 23:25:22.775+00', '2026-12-30 23:25:22.775+00', '2026-12-07 23:25:22.775+00', '2026-12-07 23:25:22.775+00', '83180', '2026-11-30 23:25:22.775+00', '-1', '-1', '2026-11-30 23:25:22.775+00', null, '0', '2026-11-30 23:56:22.775+00', '0', '0', '2026-11-30 23:25:22.775+00', '203.0.113.0/24', 'phone', '-1', '0', null, null, '', '-1', '', '0', '-1', '0', '-1', '', '0', null, 'pwd otp', null),
('01a22ec6-ff22-7561-91be-d321bdf670c0', 'f6b8ef3d-4b89-48d4-9b75-006204e9d0c0', '1', 'first-party', '0', '1', E'\\x0ac8d473c9bbb5d8d7ab9c67d688c7c421c460bc0d8a0bd3bfc1b77e98816bb7', '2026-11-30 23:25:23.106+00', '2026-12-30 23:25:23.106+00', '2026-12-07 23:25:23.106+00', '2026-12-07 23:25:23.106+00', '83180', '2026-11-30 23:25:23.106+00', '-1', '-1', '2026-11-30 23:25:23.106+00', null, '0', '2026-11-30 23:56:23.106+00', '0', '0', '2026-11-30 23:25:23.106+00', '127.0.0.0/24', 'phone', '-1', '0', null, null, '', '-1', '', '0', '-1', '0', '-1', '', '0', null, '', '2026-11-30 23:25:22+00'),
('01a22ec7-0eea-7781-9f28-c075aa90efe3', '8f31fd57-127f-42ac-9783-2d939188740b', '1', 'first-party', '1', '1', E'\\xc19f025d0ea7fe42ce62836331f84fdbbdbe667231f87873f2ae49aff224ec2f', '2026-11-30 23:25:27.146+00', '2026-12-30 23:25:27.146+00', '2026-12-07 23:25:27.153+00', '2026-12-07 23:25:27.146+00', '83180', '2026-11-30 23:25:27.153+00', '-1', '-1', '2026-11-30 23:25:27.146+00', null, '1', '2026-11-30 23:56:27.153+00', '0', '0', '2026-11-30 23:25:27.153+00', '127.0.0.0/24', 'node', '-1', '0', null, null, '', '-1', '', '0', '-1', '0', '-1', '', '0', null, null, null),
('01a22ec7-0f5c-7a43-9a9f-e25900665e14', '8f31fd57-127f-42ac-9783-2d939188740b', '1', 'first-party', '0', '1', E'\\x05b969f7d7de4ee51e295071a110e993bc20a5058d1a94bb6317bba603652eea', '2026-11-30 23:25:27.26+00', '2026-12-30 23:25:27.26+00', '2026-12-07 23:25:27.26+00', '2026-12-07 23:25:27.26+00', '83180', '2026-11-30 23:25:27.26+00', '-1', '-1', '2026-11-30 23:25:27.26+00', null, '0', '2026-11-30 23:56:27.26+00', '0', '0', '2026-11-30 23:25:27.26+00', '127.0.0.0/24', 'node', '-1', '0', null, null, '', '-1', '', '0', '-1', '0', '-1', '', '0', null, null, null);
insert into token_store.user_versions (user_id, version) overriding system value values
('002fcdb3-413f-4290-89fa-1e209d711d7b', '0'),
('0eeb57fa-a759-4538-a635-4a51d09388e0', '0'),
('16cd3135-bf14-4494-baf8-6c140298fdb6', '2'),
('32388705-5a23-43e6-b85c-3346884ef63e', '2'),
('8f31fd57-127f-42ac-9783-2d939188740b', '0'),
('aeba6ba6-296a-46f6-9139-9b02bb3664e1', '2'),
('f6b8ef3d-4b89-48d4-9b75-006204e9d0c0', '0');
select setval('token_store.outbox_id', 67);
select setval('auth_api.login_audit_id_seq', 17);
select setval('auth_api.admin_acts_id_seq', 14);
select setval('cleanup.audit_clients_id_seq', 1);
update token_store.sessions
set sweep_bucket = ceil(extract(epoch from greatest(idle_until, access_expires_at)) / 21600);
