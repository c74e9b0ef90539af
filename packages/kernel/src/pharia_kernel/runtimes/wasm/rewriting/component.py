"""Components rewritten so that they run faster and do the same.

Python and what it is linked with come as a dozen modules that fill one table with thousands of functions. An engine
fills such a table anew for every instance; in a module that has the table to itself, it waits until a function is asked
for. So modules that share a table become one, and calls between them become calls within one. Lists of bytes that
exported functions take and give become texts (see :mod:`~pharia_kernel.runtimes.wasm.rewriting.packing.component`).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

from pharia_kernel.runtimes.wasm.binary import HEADER_BYTES, Damaged
from pharia_kernel.runtimes.wasm.rewriting.errors import NotRewritable
from pharia_kernel.runtimes.wasm.rewriting.layout import Layout, layout_of
from pharia_kernel.runtimes.wasm.rewriting.merging.group import group
from pharia_kernel.runtimes.wasm.rewriting.merging.order import check_order
from pharia_kernel.runtimes.wasm.rewriting.packing.component import packed
from pharia_kernel.runtimes.wasm.rewriting.wiring import Wiring
from pharia_kernel.runtimes.wasm.rewriting.writer import Writer

FORMAT = 3
"""Goes up when the same components are rewritten to something else."""

_log = logging.getLogger(__name__)
_REFUSED = (NotRewritable, Damaged, LookupError, RecursionError)
"""Or it ends early, names what is not there, or comes from itself. The compiler explains better what is wrong."""


def rewritten(component: bytes) -> Iterator[bytes]:
    """The same component in forms that run faster, the fastest first; none where nothing is gained, or not safely."""
    try:
        layout = layout_of(component)
        wiring = Wiring(layout)
    except _REFUSED as reason:
        _log.debug("the component stays as it is: %r", reason)
        return
    header = component[:HEADER_BYTES]
    if as_texts := _packed(layout, wiring):
        yield header + as_texts
    if merged := _merged(layout, wiring):
        yield header + merged


def _packed(layout: Layout, wiring: Wiring) -> bytes | None:
    """Merged as well, if possible."""
    try:
        as_texts = packed(layout, wiring)
        wiring = Wiring(as_texts, wiring.parsed)
        return _merged(as_texts, wiring) or Writer(as_texts, wiring).result()
    except _REFUSED as reason:
        _log.debug("lists of bytes stay lists: %r", reason)
        return None


def _merged(layout: Layout, wiring: Wiring) -> bytes | None:
    try:
        members = group(layout, wiring)
        check_order(wiring, members)
        return Writer(layout, wiring, members).result()
    except _REFUSED as reason:
        _log.debug("core modules stay apart: %r", reason)
        return None
