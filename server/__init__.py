"""The running server: HTTP, Postgres, time, chance, keys and pages."""
