"""The loader: a component that runs the Python source it finds on its standard input.

It is not imported from here. A build copies the folder and compiles it by itself, so its modules may only import each
other, and what lands in a component anyway.
"""
