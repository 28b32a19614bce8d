-- The detections of all users, newest first. They are few; the other events of their time are not.
create index audit_records_detections on cleanup.audit_records (occurred_at)
where type in ('session.reuse-detected.v1', 'security.pattern-detected.v1');

-- The timeline of a session. Refused refresh tokens are left out: a thief may send them for ever, so that nobody can read the rest.
create index audit_records_session_time on cleanup.audit_records (session_id, occurred_at)
where session_id is not null and type <> 'refresh.refused.v1';
