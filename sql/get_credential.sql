select version, kek_id, sealed from log.credential where subject = $1 and kind = $2
