"""The client a command works with: its roots made and loaded, closed at the end."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from luaskills import LuaSkillsClient, RuntimeRoots, RuntimeSkillRoot, SystemSkillManagementClient
from luaskills.cli.global_options import GlobalOptions
from luaskills.types import Authority


@dataclass(frozen=True, slots=True)
class Runtime:
    """An open client and the roots it serves."""

    client: LuaSkillsClient
    roots: list[RuntimeSkillRoot]
    authority: Authority

    @property
    def system(self) -> SystemSkillManagementClient:
        """The system plane under the authority of the line."""
        return self.client.system(self.authority)


@contextmanager
def opened(given: argparse.Namespace, load: bool = True) -> Iterator[Runtime]:
    """Make the layout, an engine, and load the roots."""
    options = GlobalOptions.of(given)
    roots = skill_roots(options)
    RuntimeRoots.ensure_layout(options.runtime_root, roots)
    with LuaSkillsClient(
        library_path=options.lib,
        runtime_root=options.runtime_root,
        host_options=dict(options.engine),
        ensure_runtime_layout=False,
    ) as client:
        if load:
            client.load_from_roots(roots)
        yield Runtime(client, roots, options.authority)


def skill_roots(options: GlobalOptions) -> list[RuntimeSkillRoot]:
    """The chain of layers the line asks for."""
    return RuntimeRoots.standard(
        options.runtime_root,
        include_project=options.include_project,
        include_user=options.include_user,
        **options.skills_dirs,
    )
