"""The options every command takes, wherever on the line they stand."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from luaskills.types import Authority, Flavour, Profile

_VALUES: Mapping[str, tuple[str, str, tuple[str, ...] | None]] = {
    "--lib": ("PATH", "native library to use instead of the built-in engine", None),
    "--runtime-root": ("DIR", "runtime root; default: luaskills-runtime in the working directory", None),
    "--authority": ("WHO", "who asks: system or delegated_tool (default)", tuple(each.value for each in Authority)),
    "--root-skills": ("DIR", "directory of the ROOT layer below the runtime root", None),
    "--project-skills": ("DIR", "directory of the PROJECT layer", None),
    "--user-skills": ("DIR", "directory of the USER layer", None),
    "--profile": ("PROFILE", "what skills may do: trusted, standard or locked", tuple(each.value for each in Profile)),
    "--flavour": ("LUA", "which Lua runs them: luajit or lua54", tuple(each.value for each in Flavour)),
}
_FLAGS: Mapping[str, str] = {
    "--root-only": "use the ROOT layer alone",
    "--no-project": "leave the PROJECT layer out",
    "--no-user": "leave the USER layer out",
    "--verbose": "show what the engine and skills log",
    "--traceback": "show where in the program an error came from",
}


class UsageError(ValueError):
    """A line that can not be understood; exit status 2."""


@dataclass(frozen=True, slots=True)
class GlobalOptions:
    """What the line says about the engine and its roots."""

    lib: str | None
    runtime_root: Path
    authority: Authority
    root_only: bool
    include_project: bool
    include_user: bool
    skills_dirs: Mapping[str, str]
    """Names of the directories, by the arguments of ``RuntimeRoots.standard``."""
    engine: Mapping[str, str]
    """``profile`` and ``flavour``, where they are given."""

    @classmethod
    def of(cls, given: argparse.Namespace) -> GlobalOptions:
        directories = {
            f"{layer}_skills_dir_name": getattr(given, f"{layer}_skills") for layer in ("root", "project", "user")
        }
        engine = {"profile": given.profile, "flavour": given.flavour}
        return cls(
            lib=given.lib,
            runtime_root=Path(given.runtime_root or "luaskills-runtime").expanduser().resolve(),
            authority=Authority(given.authority or Authority.DELEGATED_TOOL),
            root_only=given.root_only,
            include_project=not (given.root_only or given.no_project),
            include_user=not (given.root_only or given.no_user),
            skills_dirs={key: value for key, value in directories.items() if value is not None},
            engine={key: value for key, value in engine.items() if value is not None},
        )


def add_global_options(parser: argparse.ArgumentParser) -> None:
    """For ``--help`` and for the values."""
    group = parser.add_argument_group("options of every command, anywhere on the line")
    for option, (metavar, text, choices) in _VALUES.items():
        group.add_argument(option, metavar=metavar, help=text, choices=choices)
    for option, text in _FLAGS.items():
        group.add_argument(option, action="store_true", help=text)


def in_front(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The global options of a line, and the rest of it; ``--`` ends the search. Raises :class:`UsageError`."""
    front: list[str] = []
    rest: list[str] = []
    left = list(words)
    while left:
        word = left.pop(0)
        option, equals, _ = word.partition("=")
        if word == "--":
            rest += [word, *left]
            break
        if option in _FLAGS or (equals and option in _VALUES):
            front.append(word)
        elif option in _VALUES:
            if not left or left[0].startswith("--"):
                raise UsageError(f"{option} requires a value")
            front.append(f"{option}={left.pop(0)}")
        else:
            rest.append(word)
    return front, rest
