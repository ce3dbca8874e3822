-- The key-encryption keys without which something could not be read any more.
select kek_id from log.server_key
union
select kek_id from log.credential
union
select kek_id from log.subject_key where kek_id is not null
