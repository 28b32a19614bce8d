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
