-- The event log: append-only events, one head per stream, names that one stream owns.
-- `x` is the transaction of an append and `n` its ordinal there: together the order
-- of the log. Nothing orders by a sequence or by a clock. No transaction spans two
-- streams, and `stream_id` (or `key`) is in every unique constraint, so that the
-- schema may be distributed by it.

-- Transaction ids begin anew in a new cluster. After a restore by copy (not after a
-- physical failover, which keeps the counter) this number is raised above every x.
-- Not immutable: plans would keep the old one.
create function log.xbase() returns bigint
language sql stable parallel safe
as 'select 0::bigint';

create function log.cur_x() returns bigint
language sql stable
as 'select log.xbase() + (pg_current_xact_id()::text)::bigint';

-- Below it every transaction has ended: the frozen order that sealing follows.
create function log.watermark() returns bigint
language sql stable
as 'select log.xbase() + (pg_snapshot_xmin(pg_current_snapshot())::text)::bigint';

-- A racer claimed a key between our look and our claim: nothing of the statement
-- stays, and the same statement again will see who owns it.
create function log.lost_key_race() returns bigint
language plpgsql
as $$ begin raise exception 'a unique key was claimed meanwhile' using errcode = '40001'; end $$;

create table log.event (
  x bigint not null,
  ts timestamptz not null,               -- when it was recorded; the partition key
  stream_id uuid not null,
  event_id uuid not null,
  version int,                           -- null: a fact, outside the stream's versions
  tenant int not null default 0,
  n smallint not null,
  kind smallint not null,
  type smallint not null,
  schema smallint not null,
  data jsonb not null,                   -- what happened
  state jsonb not null,                  -- the stream after it: its snapshot
  meta jsonb not null,                   -- who, in which request
  private bytea                          -- sealed under the person's own key
) partition by range (ts);               -- one a day, made ahead, no default

create index event_order on log.event (x, n);
create index event_stream on log.event (stream_id, version);

-- The arbiter: an append moves the head from the version it expects, or loses.
-- No index but the primary key touches a column that changes, so updates stay HOT.
create table log.stream_head (
  stream_id uuid primary key,
  version int not null,
  kind smallint not null,
  tenant int not null default 0,
  last_x bigint not null,
  last_ts timestamptz not null,
  expires_at timestamptz
) partition by hash (stream_id);

do $$
begin
  for i in 0..3 loop
    execute format(
      'create table log.stream_head_%s partition of log.stream_head '
      'for values with (modulus 4, remainder %s) '
      'with (fillfactor = 75, autovacuum_vacuum_scale_factor = 0.02)', i, i);
  end loop;
end $$;

-- Clients, APIs and signing keys are few and are listed; people and grants never.
create index stream_head_listed on log.stream_head (kind, stream_id)
where kind in (4, 5, 7);

-- Names that one living stream owns: digests of logins, user codes …
create table log.live_key (
  kind text not null,
  key bytea not null,
  stream_id uuid not null,
  expires_at timestamptz not null,
  primary key (kind, key)
);

-- Who follows the log, how far they are, and who of them may write (by fence).
create table log.follower (
  name text primary key,
  cursor text,
  owner uuid,
  fence bigint not null default 0,
  lease_until timestamptz not null default '-infinity'
);
