-- Unique keys that expired are swept, oldest first; those of people never expire and
-- are not in this index.
create index live_key_expiry on log.live_key (expires_at) where expires_at < 'infinity';

grant delete on log.live_key to grantlog_app;

-- Heads stay, those of dead streams too. The head alone says that a stream has begun:
-- without it an append that expects version 0 would win once more, beside the old
-- version 1, and no index over the partitions could forbid it. Such an append may come
-- however late, from a process that was frozen with a commit in doubt, so no margin of
-- time makes it safe. A head may only go together with the events of its stream, when
-- their days are retired: that is for `grantlog_retention`.
