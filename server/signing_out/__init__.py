"""What a session's end leads to: the log is read for it, and clients are told."""
