-- What each secret key was when it was first used: HMAC-SHA256 of a fixed text under it. A start with another key
-- under the same name is refused, because every token made with the stored one would be called forged.
create table token_store.key_proofs (
  name text primary key,
  proof bytea not null,
  first_used_at timestamptz not null default clock_timestamp()
);
