select log.ready_days()
