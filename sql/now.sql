-- What is visible now: the snapshot, the time, the base of x, and the timeline of the
-- WAL, which changes when a standby takes over.
select
  pg_current_snapshot()::text as snapshot,
  statement_timestamp() as as_of,
  log.xbase() as base,
  ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int as timeline
