-- auth-api keeps the users of recent refreshes in memory. This announces every change, also one by SQL.
create function auth_api.announce_user_change() returns trigger language plpgsql set search_path = '' as $$
begin
  perform pg_catalog.pg_notify('auth_api_users', old.id::text);
  return null;
end $$;

create trigger users_changed after update or delete on auth_api.users
  for each row execute function auth_api.announce_user_change();
-- Also in sessions with session_replication_role = 'replica'.
alter table auth_api.users enable always trigger users_changed;
