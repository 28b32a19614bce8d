-- What a user did as an administrator, for the timeline of that user: a thief may hold the access token.
create index admin_acts_actor on auth_api.admin_acts (actor, at desc);
