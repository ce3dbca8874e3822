-- One credential, or with a null kind all that the subject has.
delete from log.credential where subject = $1 and ($2::text is null or kind = $2)
