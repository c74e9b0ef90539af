"""Which of a module's skills a component is; a build of one among several replaces this file."""

NAME: str | None = None
"""Name of the function; ``None`` takes the module's only one."""
