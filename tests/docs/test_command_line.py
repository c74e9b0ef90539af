"""The page about the command line is what the commands say of themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from .command_line import commands, page, parameters

PAGE = Path(__file__).parents[2] / "docs" / "command-line.md"
COMMANDS = dict(commands())


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text() == page(), "run `make docs`"


@pytest.mark.parametrize("name", COMMANDS)
def test_help_says_what_everything_is(name: str) -> None:
    command = COMMANDS[name]
    assert command.help
    assert [one.name for one in parameters(command) if not one.help] == []


def test_no_command_offers_shell_completion() -> None:
    offered = {option for command in COMMANDS.values() for one in parameters(command) for option in one.opts}
    assert "--config" in offered
    assert not {option for option in offered if "completion" in option}
