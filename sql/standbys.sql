-- Standbys whose copy a commit waits for; null where this role may not see them.
select count(*) filter (where sync_state in ('sync', 'quorum') and state = 'streaming')
    as synchronous,
  pg_has_role(current_user, 'pg_read_all_stats', 'usage') as visible
from pg_stat_replication
