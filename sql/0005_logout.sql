-- Who has yet to hear that a session is over (OpenID Connect Back-Channel Logout).
-- Queued in the transaction that moves the cursor of whoever reads the log for it, and
-- gone once the client knows. Nothing here says more than the log, or what has no end.
create table log.logout_notice (
  session_id uuid not null,
  client_id text not null,
  user_id uuid not null,
  queued_at timestamptz not null,
  due_at timestamptz not null,           -- when it is tried next
  attempts int not null default 0,
  primary key (session_id, client_id)
);

create index logout_notice_due on log.logout_notice (client_id, due_at);

grant select, insert, update, delete on log.logout_notice to grantlog_app;

-- The sessions of a person, by the event that began each: 20 is session.started.
create index event_session on log.event ((data ->> 'user_id')) where type = 20;
