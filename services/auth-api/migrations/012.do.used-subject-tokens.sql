-- ID tokens that were exchanged for a pair, each once. The hash is SHA-256 of header and payload.
create table auth_api.used_subject_tokens (
  hash bytea primary key,
  -- afterwards the token is refused by its age
  ends_at timestamptz not null,
  -- until then one exchange has the token; after a crash of that process another may take it
  claimed_until timestamptz not null,
  used boolean not null default false
);
create index used_subject_tokens_ends_at on auth_api.used_subject_tokens (ends_at);
