create table auth_api.login_audit (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  outcome text not null,
  -- HMAC of the normalised name under USERNAME_HASH_KEY: people type passwords into the wrong box
  username_hash text not null,
  user_id uuid,
  session_id uuid,
  address inet,
  network text not null,
  agent text not null
);
create index login_audit_at on auth_api.login_audit (at);
create index login_audit_familiar on auth_api.login_audit (username_hash, at desc) where outcome = 'succeeded';
create index login_audit_user on auth_api.login_audit (user_id, at desc) where user_id is not null;
