-- The cursor of a follower; one that has never been anywhere begins at $2.
insert into log.follower as f (name, cursor) values ($1, $2)
on conflict (name) do update set cursor = coalesce(f.cursor, excluded.cursor)
returning cursor
