-- Take at most $2 of what is due for the client $1 at $3, so that nobody else takes it
-- before $4 (epoch ms).
with due as materialized (
  select session_id, client_id from log.logout_notice
  where client_id = $1 and due_at <= to_timestamp($3 / 1000.0)
  order by due_at limit $2
  for update skip locked
)
update log.logout_notice as n
set attempts = n.attempts + 1, due_at = to_timestamp($4 / 1000.0)
from due
where n.session_id = due.session_id and n.client_id = due.client_id
returning n.session_id, n.client_id, n.user_id, n.attempts,
  (extract(epoch from n.queued_at) * 1000)::bigint as queued_at
