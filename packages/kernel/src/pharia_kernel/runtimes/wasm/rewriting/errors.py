"""Why a component is compiled as it is."""

from __future__ import annotations


class NotRewritable(Exception):
    """It has something that is not understood here, or nothing would be gained."""
