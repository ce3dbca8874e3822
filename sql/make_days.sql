select day from log.make_days($1) as day
