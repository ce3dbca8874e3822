-- Replace a credential by a later version; no row: the table has a later one already.
insert into log.credential as c (subject, kind, version, kek_id, sealed)
values ($1, $2, $3, $4, $5)
on conflict (subject, kind) do update
set version = excluded.version, kek_id = excluded.kek_id, sealed = excluded.sealed
where c.version <= excluded.version
returning version
