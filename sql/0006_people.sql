-- People can be listed, in the order in which they registered; 3 is the kind user.
-- Nothing that changes is in it, so heads stay HOT.
create index stream_head_people on log.stream_head (stream_id) where kind = 3;
