-- A page of what the snapshot $1 sees and an earlier one did not: transactions that
-- began since ($2 ≤ x < $3), and those that were at work then ($4, all below $2).
-- $5 and $6: the place (x, n) of the page before. $7: no event is older (epoch ms).
-- $8: the base of x; what lies below it is from before a restore and long committed.
-- $9: how many are looked at. $10: the types that are wanted, null: all; of a page the
-- last event comes in any case, for it is where the next one begins.
select x, n, ts, stream_id, kind, version, type, schema, event_id, data, state, meta,
  private, seen
from (
  select e.*,
    count(*) over () as seen,
    row_number() over (order by x, n) as place
  from (
    select * from (
      select * from log.event
      where x >= $2 and x < $3 and (x, n) > ($5, $6) and ts >= to_timestamp($7 / 1000.0)
      union all
      select * from log.event
      where x = any($4::bigint[]) and (x, n) > ($5, $6) and ts >= to_timestamp($7 / 1000.0)
    ) as since
    where x < $8 or pg_visible_in_snapshot((x - $8)::text::xid8, $1::text::pg_snapshot)
    order by x, n
    limit $9
  ) as e
) as page
where $10::smallint[] is null or type = any($10) or place = seen
order by x, n
