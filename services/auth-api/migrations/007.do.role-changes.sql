-- The last change of a user's role. Access tokens that were issued before it carry an old role until they expire.
create table auth_api.role_changes (
  user_id uuid primary key references auth_api.users on delete cascade,
  role text not null,
  changed_at timestamptz not null
);
