-- Use up a key that is good once; a row for whoever was first, none for everybody else.
-- $1 kind, $2 key, $3 this attempt, $4 expiry (epoch seconds).
--
-- It stands among the unique keys, owned by no stream but by the attempt: one whose
-- answer was lost asks again, and is still the first. `sweep.sql` takes it away.
insert into log.live_key as k (kind, key, stream_id, expires_at)
values ($1, $2, $3, to_timestamp($4))
on conflict (kind, key) do update
set stream_id = excluded.stream_id, expires_at = excluded.expires_at
where k.stream_id = excluded.stream_id or k.expires_at <= statement_timestamp()
returning true
