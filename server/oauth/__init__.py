"""The protocol: one file per endpoint."""
