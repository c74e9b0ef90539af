"""Registries and what stands before them, for tests; all on loopback."""
