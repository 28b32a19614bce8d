-- How a user was authenticated, and who said so. Null: with a password, by a release without other methods.
alter table auth_api.login_audit
  add column method text,
  add column actor text;
