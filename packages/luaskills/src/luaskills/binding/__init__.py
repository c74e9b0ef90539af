"""Calling the JSON FFI from Python: of the built-in engine, or of a native library."""
