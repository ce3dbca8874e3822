"""The playground: flows walked step by step, with the log and Redis beside."""
