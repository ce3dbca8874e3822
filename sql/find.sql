-- The stream that owns a unique key.
select stream_id from log.live_key
where kind = $1 and key = $2 and expires_at > statement_timestamp()
