"""Clients, APIs and people as a file says they shall be."""
