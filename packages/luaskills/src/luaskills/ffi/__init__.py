"""The JSON FFI of the built-in engine: a function by its name, a request in bytes, an envelope in bytes back."""

from luaskills.ffi.envelope import failure, null_text
from luaskills.ffi.json_engine import CALLBACK_KINDS, EXPORTS, SETTERS, JsonEngine, process_engine

__all__ = ["CALLBACK_KINDS", "EXPORTS", "SETTERS", "JsonEngine", "failure", "null_text", "process_engine"]
