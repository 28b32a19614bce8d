-- Grants each service exactly what it needs. Run by auth_owner after every migration. Safe to run again.
begin;

-- Revokes the grants of older versions first. The transaction makes both steps visible at once.
revoke all on all tables in schema auth_api, token_store, cleanup from auth_api, token_store, cleanup_worker;
revoke all on all sequences in schema auth_api, token_store, cleanup from auth_api, token_store, cleanup_worker;
revoke all on all functions in schema auth_api, token_store, cleanup from public, auth_api, token_store, cleanup_worker;

-- auth-api disables or erases users and never deletes their rows. It updates recorded sign-ins only to erase personal data,
-- and never an act of an administrator.
grant usage on schema auth_api to auth_api;
grant select on auth_api.schema_version to auth_api;
grant select, insert, update on auth_api.users to auth_api;
grant select, insert, delete on auth_api.pending_revocations to auth_api;
grant select, insert, delete on auth_api.pending_erasures to auth_api;
grant select, insert, delete on auth_api.admin_acts to auth_api;
grant select, insert, update, delete on auth_api.signing_keys to auth_api;
grant select, insert on auth_api.retired_keys to auth_api;
grant select, insert, update, delete on auth_api.password_tokens to auth_api;
grant select, insert, update, delete on auth_api.role_changes to auth_api;
grant select, insert, update, delete on auth_api.notices to auth_api;
grant select, insert, update, delete on auth_api.login_audit to auth_api;
grant select, insert on auth_api.key_proofs to auth_api;
grant select, insert, update, delete on auth_api.used_subject_tokens to auth_api;

-- token-store never updates an event and never deletes a session. It updates its heartbeat to prove that it can write.
grant usage on schema token_store to token_store;
grant select on token_store.schema_version to token_store;
grant select, insert, update on token_store.sessions to token_store;
grant select, insert, update on token_store.user_versions to token_store;
grant select, update on token_store.heartbeat to token_store;
grant select, insert, update, delete on token_store.downtimes to token_store;
grant select, insert, delete on token_store.outbox to token_store;
grant select, insert on token_store.key_proofs to token_store;
grant select, update on token_store.lane_leases to token_store;
grant select, insert, update, delete on token_store.relays to token_store;
grant usage on sequence token_store.outbox_id to token_store;
grant execute on function token_store.uuid_v7(), token_store.lane_of(uuid) to token_store;

-- cleanup-worker reaches sessions only through these functions. It adds audit events; functions of their owner add and drop
-- partitions, and delete clients. It locks the rows without a partition that it deletes, and a lock needs `update` on a column:
-- kept_at, which is no part of the audit record.
grant usage on schema cleanup, token_store to cleanup_worker;
grant execute on function token_store.sweep(integer, timestamptz, boolean), token_store.doubt_clock(timestamptz, timestamptz),
  token_store.sweep_expired(integer), token_store.count_expired(integer) to cleanup_worker;
grant execute on function cleanup.audit_partitions(), cleanup.add_audit_partition(text, integer),
  cleanup.drop_audit_partition(text, double precision, timestamptz), cleanup.delete_audit_clients(integer) to cleanup_worker;
grant select on cleanup.schema_version to cleanup_worker;
grant select, insert on cleanup.audit_rotations, cleanup.audit_records to cleanup_worker;
grant select, insert, update (last_on) on cleanup.audit_clients to cleanup_worker;
grant select, insert, delete, update (kept_at) on cleanup.audit_unpartitioned to cleanup_worker;

-- auditor reads what happened and to whom, by columns: neither a password hash nor a key, also not one of a later release.
-- An installation from before this role has none until roles.sql has run again; the services must not wait for that.
do $$
begin
  if exists (select from pg_roles where rolname = 'auditor') then
    revoke all on all tables in schema auth_api, token_store, cleanup from auditor;
    revoke all on all sequences in schema auth_api, token_store, cleanup from auditor;
    revoke all on all functions in schema auth_api, token_store, cleanup from auditor;
    grant usage on schema auth_api, cleanup to auditor;
    grant select on cleanup.audit_events to auditor;
    grant select (id, at, outcome, username_hash, user_id, session_id, address, network, agent, method, actor)
      on auth_api.login_audit to auditor;
    grant select on auth_api.admin_acts to auditor;
    grant select (id, username, external_id, role, active, version, demo, created_at, updated_at) on auth_api.users to auditor;
  end if;
end
$$;

commit;
