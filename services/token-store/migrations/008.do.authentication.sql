-- How and when the user of a session was authenticated elsewhere. Null: here, with a password, when the session was issued.
alter table token_store.sessions
  -- RFC 8176, separated by spaces
  add column amr text,
  add column auth_time timestamptz;
