-- Days of the log are made ahead. The table is made beside the log and attached, so
-- that appends never wait: ATTACH needs no lock that an insert conflicts with.

create function log.make_day(day date) returns boolean
language plpgsql
as $$
declare
  name text := 'event_' || to_char(day, 'YYYYMMDD');
begin
  if to_regclass('log.' || name) is not null then
    return false;
  end if;
  execute format(
    'create table log.%I (like log.event including defaults including constraints)', name);
  -- A fact has no version to settle a repeated append, so its id does (the commit
  -- in doubt). A unique index of the whole table would need the partition key.
  execute format(
    'create unique index %I on log.%I (event_id) where version is null', name || '_fact', name);
  execute format(
    'alter table log.event attach partition log.%I for values from (%L) to (%L)',
    name, day::text || ' 00:00:00+00', (day + 1)::text || ' 00:00:00+00');
  return true;
end $$;

-- Make today and the days after it; returns the names that were new. It runs as its
-- owner: the application may have days made, and nothing else made.
create function log.make_days(days_ahead int) returns setof date
language plpgsql security definer set search_path = pg_catalog
as $$
declare
  today date := (statement_timestamp() at time zone 'UTC')::date;
begin
  perform pg_advisory_xact_lock(hashtextextended('grantlog.days', 0));
  for i in 0..days_ahead loop
    if log.make_day(today + i) then
      return next today + i;
    end if;
  end loop;
end $$;

-- How many days in a row, today first, an append will find its place in.
create function log.ready_days() returns int
language sql stable
as $$
  select coalesce(min(ahead), 400)::int from generate_series(0, 399) as ahead
  where to_regclass('log.event_' || to_char(
    (statement_timestamp() at time zone 'UTC')::date + ahead, 'YYYYMMDD')) is null
$$;
