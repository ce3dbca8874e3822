-- The wrapped key of a person; `wrapped` is null for somebody who was erased.
select kek_id, wrapped from log.subject_key where subject = $1
