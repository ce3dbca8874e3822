"""The read models in Redis, folded from the log."""
