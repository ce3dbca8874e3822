-- Forget a person's key for ever; the mark keeps a new one from being made.
insert into log.subject_key as k (subject, erased_at) values ($1, statement_timestamp())
on conflict (subject) do update
set kek_id = null, wrapped = null,
    erased_at = coalesce(k.erased_at, excluded.erased_at)
