"""Development mode: real servers from wheels, demo data, the playground."""
