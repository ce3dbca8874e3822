"""The parts of the settings: where they come from, what each means, what it may be."""
