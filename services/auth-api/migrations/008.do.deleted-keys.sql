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
