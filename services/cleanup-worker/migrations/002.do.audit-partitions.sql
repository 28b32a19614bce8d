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
