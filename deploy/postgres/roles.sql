-- Run by an administrator in the service's database, first and at each upgrade, because a release may add a role:
-- psql -d auth -f roles.sql, then \password for each new role. Safe to run again.
-- auth_owner owns the schemas and runs the migrations and the operator commands; no service connects as auth_owner.
-- auditor is for a person who investigates with SQL: it reads the audit trail and can change nothing.
-- grants.sql, run by auth_owner after every migration, has the privileges of each role. Run it after this file.
\set ON_ERROR_STOP on

select format('create role %I login', name)
from unnest(array['auth_owner', 'auth_api', 'token_store', 'cleanup_worker', 'auditor']) as name
where not exists (select from pg_roles where rolname = name)
\gexec

revoke all on database :"DBNAME" from public;
grant connect on database :"DBNAME" to auth_owner, auth_api, token_store, cleanup_worker, auditor;
grant create on database :"DBNAME" to auth_owner;

-- A forgotten query of auditor must not take connections from the services, or keep old row versions.
alter role auditor connection limit 3;
alter role auditor set statement_timeout = '30s';
alter role auditor set idle_in_transaction_session_timeout = '30s';
alter role auditor set default_transaction_read_only = on;
