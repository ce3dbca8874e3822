-- Writes WAL in this transaction, so that its commit waits for the standby even when
-- it finds everything done already: else that answer would wait for nobody.
select pg_logical_emit_message(true, 'grantlog.barrier', '')
