-- Signing keys that others may hold: no token that names one of them counts. The rows stay.
create table auth_api.retired_keys (
  kid text primary key,
  retired_at timestamptz not null default clock_timestamp()
);
