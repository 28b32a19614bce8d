create table auth_api.signing_keys (
  kid text primary key,
  state text not null check (state in ('next', 'active', 'retired')),
  public_jwk jsonb not null,
  -- AES-256-GCM (nonce, tag, PKCS #8) under the key named by encryption_kid; gone once the key is retired
  private_key bytea,
  encryption_kid text,
  created_at timestamptz not null,
  activated_at timestamptz,
  retired_at timestamptz,
  -- when the last token that it signed has expired
  expires_at timestamptz,
  check ((state = 'retired') = (private_key is null)),
  check (state = 'next' or activated_at is not null),
  check (state <> 'retired' or expires_at is not null)
);
-- one next and one active key, whatever races
create unique index signing_keys_in_use on auth_api.signing_keys (state) where state <> 'retired';
