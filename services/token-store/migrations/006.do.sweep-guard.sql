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
