"""The parts of serving: sockets and worker processes."""
