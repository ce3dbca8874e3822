-- The sessions of the person $1 that may yet be alive. 20 is session.started, written
-- here as the index has it.
select h.stream_id
from log.event as e
join log.stream_head as h on h.stream_id = e.stream_id
where e.type = 20 and e.data ->> 'user_id' = $1::uuid::text
  and h.expires_at > statement_timestamp()
