-- A page of the living streams in the order of their ids.
select h.stream_id, h.kind, h.version, e.state
from (
  select * from log.stream_head
  where stream_id > $1
    and (expires_at is null or expires_at > statement_timestamp())
  order by stream_id limit $2
) as h
join log.event as e
  on e.stream_id = h.stream_id and e.version = h.version and e.ts = h.last_ts
order by h.stream_id
