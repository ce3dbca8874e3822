-- At most $2 people after the id $1, in the order of ids: of their registration. Who is
-- forgotten is none any more. 3 is the kind user, written here as the index has it.
select h.stream_id, h.kind, h.version, e.state
from log.stream_head as h
join log.event as e
  on e.stream_id = h.stream_id and e.version = h.version and e.ts = h.last_ts
where h.kind = 3 and h.stream_id > $1 and e.state ->> 'is' = 'person'
order by h.stream_id limit $2
