"""Programs that show one thing each: ``python -m luaskills.examples.basic`` and so on.

They work in the directory that ``LUASKILLS_RUNTIME_ROOT`` names, ``luaskills-runtime`` in the working directory by
default, on the built-in engine or on the library that ``LUASKILLS_LIB`` names.
"""
