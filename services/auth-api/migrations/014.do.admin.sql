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
