"""OAuth rules as pure values: events, states and decisions; no I/O."""
