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
