-- Append a batch of units: one statement, one transaction, one fsync. A unit wins or
-- loses alone; whoever is in `won` is in the log, and nobody else.
--
-- $1–$6   versioned units: ordinal in the batch, stream, kind, expected version,
--         version after it, expiry (epoch seconds or null)
-- $7–$17  events: unit, stream, kind, version (null: a fact), type, schema, id,
--         data, state, meta, private
-- $18–$22 unique keys: unit, stream, kind, key, expiry (epoch seconds or null)
--
-- The connection plans with nested loops only (see connect.py): look-ups by primary
-- key whatever the statistics say. Membership of one small set in another is written
-- `(a in (select …)) is true`, which Postgres hashes instead of joining.
with now as materialized (
  select log.cur_x() as x, statement_timestamp() as ts
),
unit as materialized (
  select * from unnest($1::int[], $2::uuid[], $3::smallint[], $4::int[], $5::int[], $6::bigint[])
    as t (unit, stream_id, kind, expected, version, expires_at)
),
wanted as materialized (
  select * from unnest($18::int[], $19::uuid[], $20::text[], $21::bytea[], $22::bigint[])
    as t (unit, stream_id, kind, key, expires_at)
),
taken as materialized (
  select w.unit, w.kind from wanted as w
  join log.live_key as k on k.kind = w.kind and k.key = w.key
  where k.stream_id <> w.stream_id and k.expires_at > statement_timestamp()
),
free as materialized (
  select * from unit where (unit in (select unit from taken)) is not true
),
-- A locked head means somebody appends to that stream now: no wait, no deadlock.
locked as materialized (
  select f.unit, f.stream_id, f.version, f.expires_at
  from free as f
  cross join lateral (
    select from log.stream_head as h
    where h.stream_id = f.stream_id and h.version = f.expected
    for no key update skip locked
  ) as held
  where f.expected > 0
),
moved as (
  update log.stream_head as h
  set version = l.version, last_x = now.x, last_ts = now.ts,
      expires_at = coalesce(to_timestamp(l.expires_at), h.expires_at)
  from locked as l, now
  where h.stream_id = l.stream_id
  returning l.unit
),
fresh as materialized (
  select distinct on (stream_id) * from free where expected = 0
  order by stream_id, unit
),
-- Sorted, so that two batches wait for one another in one direction only.
born as (
  insert into log.stream_head (stream_id, version, kind, last_x, last_ts, expires_at)
  select f.stream_id, f.version, f.kind, now.x, now.ts, to_timestamp(f.expires_at)
  from fresh as f, now
  order by f.stream_id
  on conflict do nothing
  returning stream_id
),
won as materialized (
  select unit from moved
  union all
  select unit from fresh where (stream_id in (select stream_id from born)) is true
),
claimed as (
  insert into log.live_key as k (kind, key, stream_id, expires_at)
  select w.kind, w.key, w.stream_id, coalesce(to_timestamp(w.expires_at), 'infinity')
  from wanted as w
  where (w.unit in (select unit from won)) is true
  order by w.kind, w.key
  on conflict (kind, key) do update
  set stream_id = excluded.stream_id, expires_at = excluded.expires_at
  where k.stream_id = excluded.stream_id or k.expires_at <= statement_timestamp()
  returning kind
),
written as (
  insert into log.event
    (x, ts, stream_id, event_id, version, n, kind, type, schema, data, state, meta, private)
  select now.x, now.ts, e.stream_id, e.event_id, e.version, e.n::smallint, e.kind,
         e.type, e.schema, e.data, e.state, e.meta, e.private
  from unnest($7::int[], $8::uuid[], $9::smallint[], $10::int[], $11::smallint[],
              $12::smallint[], $13::uuid[], $14::jsonb[], $15::jsonb[], $16::jsonb[],
              $17::bytea[])
    with ordinality as e (unit, stream_id, kind, version, type, schema, event_id,
                          data, state, meta, private, n)
  cross join now
  where e.version is null or (e.unit in (select unit from won)) is true
)
select
  now.x + case
    when (select count(*) from claimed)
       < (select count(*) from wanted where (unit in (select unit from won)) is true)
    then log.lost_key_race() else 0
  end as x,
  now.ts,
  array(select unit from won) as won,
  -- Lost although the head, as this statement saw it, was as expected: a racer holds
  -- it and may yet roll back.
  array(
    select u.unit from unit as u
    where (u.unit in (select unit from won)) is not true
      and u.expected = (select h.version from log.stream_head as h where h.stream_id = u.stream_id)
  ) as busy,
  array(select unit from taken) as taken,
  array(select kind from taken) as taken_kinds
from now
