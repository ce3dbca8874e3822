-- The client knows, or will never.
delete from log.logout_notice where session_id = $1 and client_id = $2
