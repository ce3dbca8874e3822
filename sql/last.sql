-- The state of each stream: its head says where the last event is, so that only that
-- day is looked into.
select h.stream_id, h.kind, h.version, e.state
from unnest($1::uuid[]) as wanted (stream_id)
join log.stream_head as h on h.stream_id = wanted.stream_id
join log.event as e
  on e.stream_id = h.stream_id and e.version = h.version and e.ts = h.last_ts
