-- The revocation list is read in pages by (revoked_at, id). Sessions that one statement has ended share one revoked_at:
-- with the time alone in the index, each page reads and sorts all of them again.
create index sessions_revoked_at_id on token_store.sessions (revoked_at, id) where revoked_at is not null;
drop index token_store.sessions_revoked_at;
