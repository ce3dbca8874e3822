-- Take or keep a lease; the fence rises whenever it changes hands. No row: somebody
-- else holds it.
insert into log.follower as f (name, owner, fence, lease_until)
values ($1, $2, 1, statement_timestamp() + make_interval(secs => $3))
on conflict (name) do update
set owner = excluded.owner,
    lease_until = excluded.lease_until,
    fence = f.fence + case
      when f.owner = excluded.owner and f.lease_until > statement_timestamp() then 0
      else 1
    end
where f.owner is null or f.owner = excluded.owner or f.lease_until <= statement_timestamp()
returning fence
