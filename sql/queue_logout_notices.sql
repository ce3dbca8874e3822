-- Move the cursor $2 of the follower $1 and queue what it has found, together or not at
-- all; only the holder of the fence $3 may. $4 sessions, $5 clients, $6 people, $7 now
-- (epoch ms). Who is told already is not queued again. No row: the lease is lost.
with moved as (
  update log.follower set cursor = $2 where name = $1 and fence = $3 returning name
),
queued as (
  insert into log.logout_notice (session_id, client_id, user_id, queued_at, due_at)
  select session_id, client_id, user_id, to_timestamp($7 / 1000.0), to_timestamp($7 / 1000.0)
  from unnest($4::uuid[], $5::text[], $6::uuid[]) as t (session_id, client_id, user_id)
  where exists (select from moved)
  on conflict do nothing
)
select name from moved
