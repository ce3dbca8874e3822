select cursor from log.follower where name = $1
