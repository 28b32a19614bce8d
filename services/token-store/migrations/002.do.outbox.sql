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
