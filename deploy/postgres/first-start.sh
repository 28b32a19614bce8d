#!/bin/sh
# For docker-compose.yml: at the first start of the database, creates the roles with their generated passwords.
set -eu
psql -d "$POSTGRES_DB" -f /deploy/roles.sql
for role in auth_owner auth_api token_store cleanup_worker auditor; do
  ROLE=$role ROLE_PASSWORD=$(cat "/run/secrets/$role") psql -v ON_ERROR_STOP=1 -d "$POSTGRES_DB" <<'SQL'
\getenv role ROLE
\getenv password ROLE_PASSWORD
alter role :"role" password :'password';
SQL
done
