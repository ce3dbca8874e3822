"""Keeping Redis what the log says: follow, rebuild, verify."""
