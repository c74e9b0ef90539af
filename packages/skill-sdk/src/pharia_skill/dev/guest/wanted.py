"""Replaced when a loader is built: the modules the project imports that are neither its own nor in the base."""

WANTED: tuple[str, ...] = ()
