"""Skills that are entries of Lua packages; each call runs in a process that can be ended at any moment.

The modules in ``child`` run in those processes and import little.
"""
