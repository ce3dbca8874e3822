select kid, kek_id, wrapped from log.server_key order by kid
