"""Global options stand anywhere on the line."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from luaskills.cli.app import build_parser
from luaskills.cli.global_options import GlobalOptions, UsageError, in_front
from luaskills.types import Authority


def parsed(*words: str) -> GlobalOptions:
    front, rest = in_front(words)
    return GlobalOptions.of(build_parser().parse_args([*front, *rest]))


# row 168
@pytest.mark.parametrize(
    "words",
    [
        ("--runtime-root", "D", "call", "x", '{"a":1}'),
        ("call", "--runtime-root", "D", "x", '{"a":1}'),
        ("call", "x", '{"a":1}', "--runtime-root", "D"),
        ("call", "x", '{"a":1}', "--runtime-root=D"),
    ],
)
def test_an_option_is_taken_from_wherever_it_stands(words: tuple[str, ...]) -> None:
    front, rest = in_front(words)
    assert rest == ["call", "x", '{"a":1}']
    assert [each.replace("=", " ") for each in front] == ["--runtime-root D"]
    assert parsed(*words).runtime_root == Path("D").resolve()


def test_the_defaults_are_a_runtime_here_and_a_delegated_tool() -> None:
    options = parsed("list")
    assert (options.runtime_root, options.authority) == (Path("luaskills-runtime").resolve(), Authority.DELEGATED_TOOL)
    assert (options.include_project, options.include_user, options.lib) == (True, True, None)
    assert (dict(options.skills_dirs), dict(options.engine)) == ({}, {})


def test_layers_can_be_left_out_and_renamed() -> None:
    """Row 169."""
    options = parsed("list", "--no-project", "--user-skills", "mine")
    assert (options.include_project, options.include_user) == (False, True)
    assert dict(options.skills_dirs) == {"user_skills_dir_name": "mine"}
    alone = parsed("list", "--root-only")
    assert (alone.root_only, alone.include_project, alone.include_user) == (True, False, False)


def test_after_two_dashes_everything_belongs_to_the_command() -> None:
    assert in_front(["--no-user", "run-lua", "--", "--root-only"]) == (["--no-user"], ["run-lua", "--", "--root-only"])


@pytest.mark.parametrize("words", [("list", "--lib"), ("--authority", "--no-user", "list")])
def test_an_option_without_its_value_is_refused(words: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="requires a value"):
        in_front(words)


def subcommands() -> dict[str, argparse.ArgumentParser]:
    actions = build_parser()._subparsers
    assert actions is not None
    (group,) = actions._group_actions
    assert isinstance(group.choices, dict)
    return group.choices


def test_there_is_every_command() -> None:
    plain = "version describe install-runtime load reload list help-list help-detail is-skill skill-name"
    managed = ["enable", "disable", "install", "update", "uninstall"]
    wanted = {*plain.split(), "prompt-completions", "call", "run-lua", "config", "new", "validate", "test", "pack"}
    wanted |= {f"{prefix}{name}" for name in managed for prefix in ("", "system-")}
    assert set(subcommands()) == wanted


@pytest.mark.parametrize("name", sorted(subcommands()))
def test_help_says_what_everything_is(name: str) -> None:
    parser = subcommands()[name]
    assert parser.description
    spoken_for = ("_version", "_repo")  # of install-runtime: their names say it
    silent = [action.dest for action in parser._actions if not action.help and not action.dest.endswith(spoken_for)]
    assert silent == []
