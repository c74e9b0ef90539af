"""Why core modules stay apart."""

from __future__ import annotations


class NotMergeable(Exception):
    """The component is compiled as it is: it has something that is not merged, or nothing would be gained."""
