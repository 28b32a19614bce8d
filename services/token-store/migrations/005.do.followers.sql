-- What the rotation decision remembers of those who replay and do not rotate, and of a database that went back in time.
-- All have defaults, so a replica of the release before reads and writes these rows as ever.
alter table token_store.sessions
  -- the network that rotated before the last one did, with the same user agent, and the generation it made last
  add column former_network text not null default '',
  add column former_generation bigint not null default -1,
  -- the network that followed last without a rotation, and its part of suspect_streak
  add column suspect_network text not null default '',
  add column suspect_run integer not null default 0,
  -- the last generation that another user agent replayed, and how many were
  add column agent_generation bigint not null default -1,
  add column agent_follows integer not null default 0,
  -- the last replay that was an event
  add column noted_generation bigint not null default -1,
  add column noted_place text not null default '',
  add column noted_events integer not null default 0,
  -- when a token was newer than this row
  add column regressed_at timestamptz;
