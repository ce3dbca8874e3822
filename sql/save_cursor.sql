-- Move a follower's cursor; only the holder of that fence may.
update log.follower set cursor = $2 where name = $1 and fence = $3 returning name
