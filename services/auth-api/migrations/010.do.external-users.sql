-- Users who sign in elsewhere. A user has an external id, a login name, or both; only an administrator gives a user both, so an
-- external user never becomes the local user of the same name.
alter table auth_api.users
  -- null: the user cannot sign in with a password
  alter column password_hash drop not null,
  -- null: the user is not found by name
  alter column username_key drop not null,
  -- the id at the system that authenticates the user
  add column external_id text unique check (char_length(external_id) between 1 and 255),
  -- in every access token of the user, as the claim `claims`
  add column claims jsonb not null default '{}';
