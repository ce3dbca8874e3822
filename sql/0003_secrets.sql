-- What must be forgettable or replaceable and so cannot be in the log. Every secret
-- here is encrypted under a key-encryption key that the database never sees.

-- A key per person. Erasing it erases the person from every event; the row stays as
-- a mark, so that no new key is made for somebody who was erased.
create table log.subject_key (
  subject uuid primary key,
  kek_id text,
  wrapped bytea,
  created_at timestamptz not null default statement_timestamp(),
  erased_at timestamptz,
  check ((wrapped is null) = (erased_at is not null))
);

-- Password hashes, second factors, private keys: the log carries their version only.
create table log.credential (
  subject uuid not null,
  kind text not null,
  version int not null,
  kek_id text not null,
  sealed bytea not null,
  primary key (subject, kind)
);

-- The roots of the server's own keys: tokens are derived from them.
create table log.server_key (
  kid text primary key,
  kek_id text not null,
  wrapped bytea not null,
  created_at timestamptz not null default statement_timestamp()
);
