-- The events of a stream in their order, up to a version; facts on request.
select x, n, ts, stream_id, kind, version, type, schema, event_id, data, state, meta, private
from log.event
where stream_id = $1 and (version <= $2 or (version is null and $3))
order by x, n
