"""API keys from a file."""

from pharia_kernel.access.keys.authenticator import FileKeys
from pharia_kernel.access.keys.file import edited, read_keys
from pharia_kernel.access.keys.key import Key, new_key

__all__ = ["FileKeys", "Key", "edited", "new_key", "read_keys"]
