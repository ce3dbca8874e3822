-- Every living stream of a kind that is listed; the kinds are those of the index.
select h.stream_id, h.kind, h.version, e.state
from log.stream_head as h
join log.event as e
  on e.stream_id = h.stream_id and e.version = h.version and e.ts = h.last_ts
where h.kind = $1 and h.kind in (4, 5, 7)
  and (h.expires_at is null or h.expires_at > statement_timestamp())
order by h.stream_id
