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
