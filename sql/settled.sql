-- Which of these units are in the log, told by the id of their first event.
-- $1 streams, $2 versions of the first events (null: a fact), $3 their ids.
select (wanted.i - 1)::int as i, e.x, e.ts
from unnest($1::uuid[], $2::int[], $3::uuid[])
  with ordinality as wanted (stream_id, version, event_id, i)
join log.event as e
  on e.stream_id = wanted.stream_id
  and e.event_id = wanted.event_id
  and (e.version = wanted.version or (e.version is null and wanted.version is null))
where e.ts >= statement_timestamp() - interval '1 day'
