-- Are the log's transaction ids from this cluster's past? The comparison is with the
-- next id, not with the watermark: a neighbour's append that is still at work holds the
-- watermark below what others have committed since.
select
  (select max(x) from log.event) as last_x,
  log.xbase() as base,
  log.xbase() + (pg_snapshot_xmax(pg_current_snapshot())::text)::bigint as next_x
