-- Where migrations are written down; the first thing in the schema.
create schema if not exists log;
create table if not exists log.migration (
  number int primary key,
  name text not null,
  sha256 text not null,
  applied_at timestamptz not null default clock_timestamp()
)
