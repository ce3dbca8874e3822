"""The command line: a file a command, nothing heavy imported before it is needed."""
