-- Whether the connecting user may SET ROLE to $1, if there is such a role.
select pg_has_role(current_user, oid, case
  when current_setting('server_version_num')::int >= 160000 then 'set' else 'member'
end)
from pg_roles where rolname = $1
