"""The parts of reading: Redis where it is believed, else the log, once and bounded."""
