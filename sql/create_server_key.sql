-- Keep a new root key, unless a neighbour was first.
insert into log.server_key (kid, kek_id, wrapped) values ($1, $2, $3)
on conflict (kid) do nothing
