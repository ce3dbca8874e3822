-- The clients that something is due for at $1 (epoch ms).
select distinct client_id from log.logout_notice where due_at <= to_timestamp($1 / 1000.0)
