create table auth_api.notices (
  -- the id of the event that told it, so that a repeated delivery leaves one notice
  id uuid primary key,
  user_id uuid not null,
  session_id uuid not null,
  occurred_at timestamptz not null,
  -- kept as a row: an event that is delivered once more must not bring it back
  dismissed_at timestamptz
);
create index notices_user on auth_api.notices (user_id, occurred_at desc) where dismissed_at is null;
create index notices_occurred_at on auth_api.notices (occurred_at);
