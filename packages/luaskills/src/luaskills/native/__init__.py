"""The engine as a shared library with the JSON FFI, for programs in other languages and for released SDKs.

The library is built on demand, ``python -m luaskills.native build``; nothing else of the package needs it.
"""
