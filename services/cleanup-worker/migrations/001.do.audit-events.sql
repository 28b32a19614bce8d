-- What happened, for investigations: every event once, whatever the bus repeats, until its retention ends.
create table cleanup.audit_events (
  event_id uuid primary key,
  topic text not null,
  type text not null,
  key text not null,
  session_id uuid,
  session_seq bigint,
  user_id uuid,
  occurred_at timestamptz not null,
  kept_at timestamptz not null default clock_timestamp(),
  data jsonb not null
);

create index audit_events_occurred_at on cleanup.audit_events (occurred_at);
create index audit_events_session on cleanup.audit_events (session_id, session_seq) where session_id is not null;
create index audit_events_user on cleanup.audit_events (user_id, occurred_at) where user_id is not null;
