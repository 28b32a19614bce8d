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
