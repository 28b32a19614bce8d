create table auth_api.users (
  id uuid primary key default gen_random_uuid(),
  username text not null,
  -- NFKC and lower case: what a sign-in looks for
  username_key text not null unique,
  role text not null,
  -- PHC string, parameters inside
  password_hash text not null,
  active boolean not null default true,
  -- raised by everything that ends all of the user's sessions
  version bigint not null default 1,
  demo boolean not null default false,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

-- committed together with the raised version, deleted when token-store has acknowledged
create table auth_api.pending_revocations (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references auth_api.users (id),
  version bigint not null,
  reason text not null,
  created_at timestamptz not null default now()
);
create index pending_revocations_user on auth_api.pending_revocations (user_id);
