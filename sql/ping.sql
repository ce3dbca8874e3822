select not pg_is_in_recovery()
