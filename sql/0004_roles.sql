-- Who may do what. The server appends and reads: no role but the owner can change or
-- take away an event. Roles belong to the cluster, so they may be there already, and
-- on a managed Postgres the owner may not be allowed to make them.
do $$
declare
  role text;
  -- Since 16 a member may be one without the right to SET ROLE.
  mode text := case when current_setting('server_version_num')::int >= 160000
    then 'set' else 'member' end;
begin
  foreach role in array array['grantlog_app', 'grantlog_retention'] loop
    begin
      if not exists (select from pg_roles where rolname = role) then
        execute format('create role %I nologin', role);
      end if;
    exception
      when duplicate_object or unique_violation then null;
      when insufficient_privilege then
        raise exception 'the database user % may not create the role %', current_user, role
          using hint = format('Let an administrator run: CREATE ROLE %I NOLOGIN; '
            'GRANT %I TO %I; then migrate again.', role, role, current_user);
    end;
    if not pg_has_role(current_user, role, mode) then
      execute format('grant %I to %I', role, current_user);
    end if;
  end loop;
end $$;

grant usage on schema log to grantlog_app, grantlog_retention;
grant select on log.migration to grantlog_app;

grant select, insert on log.event to grantlog_app;
grant select, insert, update on
  log.stream_head, log.live_key, log.follower, log.subject_key to grantlog_app;
grant select, insert, update, delete on log.credential to grantlog_app;
grant select, insert on log.server_key to grantlog_app;

grant select on log.event, log.stream_head, log.live_key to grantlog_retention;
grant delete on log.stream_head, log.live_key to grantlog_retention;

revoke execute on function log.make_day(date), log.make_days(int) from public;
grant execute on function log.make_days(int) to grantlog_app;

-- `replicated` durability watches pg_stat_replication, which hides itself without
-- this. Where it may not be granted the server says so and refuses to write.
do $$
begin
  if not pg_has_role('grantlog_app', 'pg_read_all_stats', 'member') then
    grant pg_read_all_stats to grantlog_app;
  end if;
exception when insufficient_privilege or internal_error then
  raise warning 'pg_read_all_stats not granted: GRANTLOG_DURABILITY=replicated needs it';
end $$;
