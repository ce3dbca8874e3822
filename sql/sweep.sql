-- Delete unique keys that expired more than $1 seconds ago, $2 of them at most; how
-- many they were. An expired key is free already, whether its row is there or not; one
-- that somebody claims anew at this moment is locked and left alone.
with swept as (
  delete from log.live_key where (kind, key) in (
    select kind, key from log.live_key
    where expires_at < 'infinity'
      and expires_at < statement_timestamp() - make_interval(secs => $1)
    order by expires_at
    limit $2
    for update skip locked
  )
  returning 1
)
select count(*)::int as many from swept
