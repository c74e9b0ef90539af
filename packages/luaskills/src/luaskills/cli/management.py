"""Installing, updating, removing, enabling and disabling skills, on the plane of skills and on that of the system."""

from __future__ import annotations

import argparse
from typing import Any

from luaskills import RuntimeRoots, RuntimeSkillRoot, SkillInstallSourceType
from luaskills.cli.commands import Commands, Run
from luaskills.cli.output import print_json
from luaskills.cli.runtime import Runtime, opened

_TEXTS = {
    "enable": "Enable a skill",
    "disable": "Disable a skill",
    "install": "Install a skill from a source",
    "update": "Update a skill from its source",
    "uninstall": "Remove a skill",
}


def add(commands: Commands) -> None:
    """Add these commands."""
    for system in (False, True):
        prefix, plane = ("system-", " on the system plane, under the authority.") if system else ("", ".")
        for action, run in (("enable", _enable), ("disable", _disable)):
            parser = commands.add(f"{prefix}{action}", _on(run, system), _TEXTS[action] + plane)
            parser.add_argument("skill_id", metavar="id", help="id of the skill")
            if action == "disable":
                parser.add_argument("reason", nargs="?", help="why, for those who look")
        for action, apply in (("install", _install), ("update", _update)):
            parser = commands.add(f"{prefix}{action}", _on(apply, system), _TEXTS[action] + plane)
            parser.add_argument("source", help="OWNER/REPOSITORY, or what the source type needs")
            parser.add_argument("--skill-id", metavar="ID", help="the id it must have")
            parser.add_argument(
                "--source-type",
                metavar="TYPE",
                default=SkillInstallSourceType.GITHUB.value,
                choices=tuple(each.value for each in SkillInstallSourceType),
                help="%(choices)s; default: %(default)s",
            )
            _add_target(parser)
        parser = commands.add(f"{prefix}uninstall", _on(_uninstall, system), _TEXTS["uninstall"] + plane)
        parser.add_argument("skill_id", metavar="id", help="id of the skill")
        _add_target(parser)
        parser.add_argument("--remove-sqlite", action="store_true", help="remove its SQLite database too")
        parser.add_argument("--remove-lancedb", action="store_true", help="remove its LanceDB database too")


def _add_target(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--target-root", metavar="LABEL", help="layer to change: ROOT, PROJECT or USER")


def _on(run: Any, system: bool) -> Run:
    """A command on one of the two planes."""

    def command(given: argparse.Namespace) -> int:
        with opened(given) as runtime:
            plane = runtime.system if system else runtime.client.skills
            return print_json(run(given, runtime, plane))

    return command


def _enable(given: argparse.Namespace, runtime: Runtime, plane: Any) -> Any:
    return plane.enable(runtime.roots, given.skill_id)


def _disable(given: argparse.Namespace, runtime: Runtime, plane: Any) -> Any:
    return plane.disable(runtime.roots, given.skill_id, given.reason)


def _install(given: argparse.Namespace, runtime: Runtime, plane: Any) -> Any:
    return plane.install(runtime.roots, _request(given), target_root=_target(given, runtime))


def _update(given: argparse.Namespace, runtime: Runtime, plane: Any) -> Any:
    return plane.update(runtime.roots, _request(given), target_root=_target(given, runtime))


def _uninstall(given: argparse.Namespace, runtime: Runtime, plane: Any) -> Any:
    options = {"remove_sqlite": given.remove_sqlite, "remove_lancedb": given.remove_lancedb}
    target = _target(given, runtime)
    return plane.uninstall(runtime.roots, given.skill_id, options=options, target_root=target)


def _request(given: argparse.Namespace) -> dict[str, str]:
    request = {"source": given.source, "source_type": given.source_type}
    return request if given.skill_id is None else {"skill_id": given.skill_id, **request}


def _target(given: argparse.Namespace, runtime: Runtime) -> RuntimeSkillRoot | None:
    return None if given.target_root is None else RuntimeRoots.find_by_label(runtime.roots, given.target_root)
