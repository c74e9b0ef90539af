"""Lua skills: engine, SDK and command line."""
