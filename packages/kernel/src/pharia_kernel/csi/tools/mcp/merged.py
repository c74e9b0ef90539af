"""The tools of all servers of a namespace as one list."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from pharia_kernel.csi.tools.mcp.link import Link
from pharia_kernel.csi.types import ToolInfo

logger = logging.getLogger("pharia_kernel.tools.mcp")

KERNEL = "the kernel"


@dataclass(frozen=True, slots=True)
class ToolConflict:
    """Several have a tool of this name."""

    tool: str
    used: str
    """URL or program of the server that is asked, or ``the kernel`` for a native tool."""
    hidden: tuple[str, ...]


class Merged:
    """Where several servers have a tool of the same name, the one that is configured first has it.

    Hot path: the list is made anew only when one of the servers has changed its own.
    """

    def __init__(self, namespace: str, links: tuple[Link, ...], taken: frozenset[str]) -> None:
        """``taken`` are the names that the kernel's own tools have."""
        self.links = links
        self.taken = taken
        self._namespace = namespace
        self._revisions: tuple[int, ...] = ()
        self._tools: tuple[ToolInfo, ...] = ()
        self._link_of: dict[str, Link] = {}
        self._conflicts: tuple[ToolConflict, ...] = ()

    def tools(self) -> tuple[ToolInfo, ...]:
        """Sorted by name."""
        self._update()
        return self._tools

    def link(self, tool: str) -> Link | None:
        self._update()
        return self._link_of.get(tool)

    def conflicts(self) -> tuple[ToolConflict, ...]:
        self._update()
        return self._conflicts

    def _update(self) -> None:
        revisions = tuple(link.revision for link in self.links)
        if revisions == self._revisions:
            return
        self._revisions = revisions
        having: dict[str, list[Link]] = {}
        infos: dict[str, ToolInfo] = {}
        for link in self.links:
            for tool in link.tools:
                having.setdefault(tool.name, []).append(link)
                infos.setdefault(tool.name, tool)
        self._link_of = {name: links[0] for name, links in having.items()}
        self._tools = tuple(infos[name] for name in sorted(infos))
        self._report(tuple(conflict for name in sorted(having) for conflict in self._conflict(name, having[name])))

    def _conflict(self, name: str, links: Sequence[Link]) -> list[ToolConflict]:
        owners = ([KERNEL] if name in self.taken else []) + [link.given.server.label for link in links]
        return [ToolConflict(name, owners[0], tuple(owners[1:]))] if len(owners) > 1 else []

    def _report(self, conflicts: tuple[ToolConflict, ...]) -> None:
        for conflict in conflicts:
            if conflict not in self._conflicts:
                hidden = ", ".join(conflict.hidden)
                text = "namespace %s: tool %s is the one of %s; the one of %s can not be called"
                logger.warning(text, self._namespace, conflict.tool, conflict.used, hidden)
        self._conflicts = conflicts
