-- What an operator should know of the server the log lies on.
select current_setting('server_version_num')::int as version,
  current_setting('server_version') as version_text,
  current_user as login,
  (select rolsuper from pg_roles where rolname = current_user) as superuser,
  pg_is_in_recovery() as standby,
  current_setting('fsync') as fsync,
  current_setting('full_page_writes') as full_page_writes,
  current_setting('max_connections')::int as max_connections,
  clock_timestamp() as now
