-- Try again at $3 (epoch ms).
update log.logout_notice set due_at = to_timestamp($3 / 1000.0)
where session_id = $1 and client_id = $2
