"""The guides about Lua skills do what they show, from top to bottom of a page.

A block whose first line is a comment with a path is that file; with ``= `` before the path, the file must read so
already. Other Lua blocks are the body of an entry. Python blocks of a page share their names. Lines of shell blocks
that begin with ``luaskills`` or ``pytest`` are run, a text block is what the block before it printed.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from luaskills.cli import main
from luaskills.cli.app import build_parser
from luaskills.cli.global_options import in_front
from luaskills.testing import FakeHost, SkillTester

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "docs" / "lua-skills.md", ROOT / "docs" / "lua-hosts.md"]
BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"(?:#|--) (= )?([\w/.-]+\.(?:yaml|lua|py))\n")
NOT_RUN = ("pip install ",)

GUIDE = """\
name: Guide
version: 1.0.0
sqlite: {enable: true}
lancedb: {enable: true}
entries:
  - {name: run, lua_entry: runtime/run.lua, lua_module: guide_run}
"""

pytestmark = pytest.mark.timeout(110)


@dataclass
class Page:
    """A page, read in a directory of its own."""

    place: Path
    printed: str = ""
    names: dict[str, Any] = field(default_factory=lambda: {"__name__": "guide"})

    def python(self, text: str, needs: str) -> None:
        assert not needs
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(text, "guide", "exec", dont_inherit=True), self.names)
        self.printed = out.getvalue()

    def sh(self, text: str, needs: str) -> None:
        self.printed = ""
        for line in text.splitlines():
            if needs or line.startswith(NOT_RUN):
                continue
            program, *words = shlex.split(line)
            self.printed += {"luaskills": luaskills, "pytest": run_pytest}[program](words)

    def text(self, text: str, needs: str) -> None:
        assert (self.printed, needs) == (text, "")

    def lua(self, text: str, needs: str) -> None:
        """The body of an entry, beside the skill of the page, on a host that has everything."""
        guide = self.place / "guide"
        (guide / "runtime").mkdir(parents=True, exist_ok=True)
        (guide / "skill.yaml").write_text(GUIDE)
        (guide / "runtime" / "run.lua").write_text(f"return function(args)\n{text}end\n")
        for shared in (self.place / "outfit" / "runtime").glob("shared.lua"):
            (guide / "runtime" / shared.name).write_text(shared.read_text())
        host = FakeHost()
        host.answer_tool("weather", {"celsius": 3}, times=None)
        host.answer_llm("Something that does things.", times=None)
        host.embed_everything()
        with SkillTester(guide, host=host, beside=[self.place / "outfit"]) as skill:
            assert skill.call("run").content
        assert (host.problems(), needs) == ([], "")

    def yaml(self, text: str, needs: str) -> None:
        raise AssertionError("a YAML block must say which file it is")


def luaskills(words: list[str]) -> str:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(words)
    assert (status, err.getvalue()) == (0, ""), out.getvalue()
    return out.getvalue()


def run_pytest(words: list[str]) -> str:
    options = ["-q", "-p", "no:cacheprovider", "--rootdir", ".", "-c", os.devnull]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *words], capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_does_what_it_shows(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LUASKILLS_LIB", raising=False)
    reader, text = Page(tmp_path), page.read_text()
    for match in BLOCK.finditer(text):
        language, needs, body = match[1], match[2].strip(), match[3]
        try:
            take(reader, language, needs, body)
        except BaseException as error:
            error.add_note(f"in the block at {page.name}:{text.count(chr(10), 0, match.start()) + 1}")
            raise


def take(reader: Page, language: str, needs: str, body: str) -> None:
    if named := FILE.match(body):
        path = reader.place / named[2]
        if named[1]:
            assert path.read_text() == body[named.end() :]
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body)
        return
    run: Callable[[str, str], None] = getattr(reader, language)
    run(body, needs)


def parsers() -> dict[str, argparse.ArgumentParser]:
    groups = build_parser()._subparsers
    assert groups is not None
    (group,) = groups._group_actions
    assert isinstance(group.choices, dict)
    return group.choices


def test_every_command_and_every_global_option_is_in_the_tables_and_no_other() -> None:
    section = PAGES[1].read_text().partition("\n## Command line\n")[2].partition("\n## ")[0]
    commands, options = section.split("| option of every command |")
    words = {words.split()[0] for row in re.findall(r"^\| .*$", commands, re.MULTILINE) for words in code(row)}
    assert words - {"-", "--verbose", "--engine", "@FILE"} == set(parsers())
    named = {option for row in re.findall(r"^\| (`--.*?) \|", options, re.MULTILINE) for option in code(row)}
    known = {option for action in build_parser()._actions for option in action.option_strings}
    assert {option.split()[0] for option in named} == known - {"-h", "--help"}


def code(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_command_line_in_a_block_can_be_understood(page: Path) -> None:
    for match in BLOCK.finditer(page.read_text()):
        for line in match[3].splitlines() if match[1] == "sh" else ():
            program, *words = shlex.split(line)
            if program == "luaskills":
                front, rest = in_front(words)
                build_parser().parse_args([*front, *rest])


def test_the_members_of_a_case_are_documented() -> None:
    from luaskills.testing.case_file import _CASE, _EXPECT

    section = PAGES[0].read_text().partition("\n## Testing\n")[2].partition("\n### ")[0]
    in_case, in_expect = section.split("| in `expect` |")
    rows = {word for row in re.findall(r"^\| (`[^|]*) \|", in_case, re.MULTILINE) for word in code(row)}
    assert rows == set(_CASE)
    rows = {word for row in re.findall(r"^\| (`[^|]*) \|", in_expect, re.MULTILINE) for word in code(row)}
    assert rows == set(_EXPECT)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        place, _, anchor = link.partition("#")
        target = page.parent / place if place else page
        assert target.exists(), link
        headings = re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE)
        assert not anchor or anchor in {re.sub(r"[^\w -]", "", each).lower().replace(" ", "-") for each in headings}
