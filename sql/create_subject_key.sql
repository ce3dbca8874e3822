-- Keep a new key for a person, unless there is one, or was.
insert into log.subject_key (subject, kek_id, wrapped) values ($1, $2, $3)
on conflict (subject) do nothing
