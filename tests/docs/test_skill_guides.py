"""The guides for writing skills do what they show."""

from __future__ import annotations

import ast
import builtins
import importlib
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer
from pydantic import TypeAdapter
from typer.core import TyperGroup

from pharia_skill import errors
from pharia_skill.cli import app
from pharia_skill.dev.example import example_of
from pharia_skill.dev.template import Template, create_project
from pharia_skill.testing import MessageRecorder, StubCsi

ROOT = Path(__file__).parents[2]
SDK = ROOT / "packages" / "skill-sdk"
FOLDER = ROOT / "docs" / "skills"
PAGES = [*sorted(FOLDER.glob("*.md")), SDK / "README.md"]

BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MODULE_NAME = re.compile(r"# (\w+)\.py\n")
OPTION = re.compile(r"(?<![\w-])(--[a-z][a-z-]*|-[a-zA-Z])(?![\w-])")
VARIABLE = re.compile(r"\b(?:PHARIA|SKILL|AA)_[A-Z_]+\b")
LINK = re.compile(r"\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    """``module`` is what the first line of the block calls its file; blocks after it on the page can import it."""

    page: Path
    language: str
    needs: str
    text: str
    line: int
    module: str | None

    @property
    def runs(self) -> bool:
        """Blocks that say they need a kernel are compiled, and what they import must be there."""
        return not self.needs

    @property
    def tests(self) -> list[str]:
        return [
            node.name
            for node in ast.parse(self.text).body
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
        ]

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def blocks_of(page: Path) -> Iterator[Block]:
    text = page.read_text()
    for match in BLOCK.finditer(text):
        name = MODULE_NAME.match(match[3])
        line = text.count("\n", 0, match.start(3))
        yield Block(page, match[1], match[2].strip(), match[3], line, name[1] if name else None)


BLOCKS = [block for page in PAGES for block in blocks_of(page)]
PYTHON = [block for block in BLOCKS if block.language == "python"]
TESTS = [(block, name) for block in PYTHON if block.runs for name in block.tests]


class Guide:
    """The modules of a page, imported from its text."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def load(self, wanted: Block) -> ModuleType:
        """Run the block, and the named ones before it on the same page."""
        before = [each for each in PYTHON if each.page == wanted.page and each.line < wanted.line]
        for block in before:
            if block.module is not None and block.runs and not block.tests:
                self._run(block)
        return self._run(wanted)

    def _run(self, block: Block) -> ModuleType:
        module = ModuleType(block.module or "guide")
        self._monkeypatch.setitem(sys.modules, module.__name__, module)
        # As many lines above it as on the page, so that tracebacks show its place there.
        exec(compile("\n" * block.line + block.text, block.page, "exec", dont_inherit=True), vars(module))
        return module


@pytest.fixture
def guide(monkeypatch: pytest.MonkeyPatch) -> Guide:
    return Guide(monkeypatch)


def called_in_a_test(block: Block) -> bool:
    later = (each for each in PYTHON if each.page == block.page and each.runs and each.tests)
    return any(f"from {block.module} import" in each.text for each in later)


@pytest.mark.parametrize("block", [block for block in PYTHON if block.runs and not block.tests], ids=str)
def test_a_block_runs_and_its_skills_answer(block: Block, guide: Guide) -> None:
    module = guide.load(block)
    for value in list(vars(module).values()):
        described = getattr(value, "__pharia_skill__", None)
        if described is None or value.__module__ != module.__name__ or called_in_a_test(block):
            continue
        *_, input = inspect.signature(value).parameters.values()
        given = TypeAdapter(input.annotation).validate_python(example_of(described.input_schema))
        if described.kind == "skill":
            value(StubCsi(), given)
        else:
            recorder: MessageRecorder[Any] = MessageRecorder()
            value(StubCsi(), recorder, given)
            assert recorder.messages()


@pytest.mark.parametrize(("block", "name"), TESTS, ids=str)
def test_a_test_of_the_guides_passes(block: Block, name: str, guide: Guide, request: pytest.FixtureRequest) -> None:
    test: Callable[..., None] = getattr(guide.load(block), name)
    wanted = [each for each in test.__annotations__ if each != "return"]
    test(**{each: request.getfixturevalue(each) for each in wanted})


@pytest.mark.parametrize("block", [block for block in PYTHON if not block.runs], ids=str)
def test_what_a_block_imports_is_there(block: Block) -> None:
    own = {each.module for each in PYTHON if each.page == block.page}
    for node in ast.walk(ast.parse(block.text)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module not in own:
            module = importlib.import_module(node.module)
            assert all(hasattr(module, alias.name) for alias in node.names), ast.unparse(node)


def test_the_project_of_the_quick_start_is_what_the_command_makes(tmp_path: Path) -> None:
    project = create_project("haiku", Template.SKILL, tmp_path)
    shown = [block for block in PYTHON if block.page.stem == "quick-start"]
    assert shown
    for block in shown:
        lines = (project / f"{block.module}.py").read_text().splitlines(keepends=True)
        code = "".join(line for line in lines if not line.strip().startswith("# "))
        assert block.text == f"# {block.module}.py\n{code}"


def commands() -> dict[str, Any]:
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    return dict(group.commands)


def options_of(command: Any) -> set[str]:
    return {
        option
        for parameter in command.params
        if parameter.param_type_name == "option"
        for option in (*parameter.opts, *parameter.secondary_opts)
    }


def tables() -> dict[str, set[str]]:
    """The options in the table under each heading that is a command."""
    found = {}
    for page in PAGES:
        for section in page.read_text().split("\n## ")[1:]:
            if match := re.match(r"`pharia-skill (\w+)`\n", section):
                rows = re.findall(r"^\| (`-[^|]*) \|", section, re.MULTILINE)
                found[match[1]] = {option for row in rows for option in re.findall(r"`([^`]+)`", row)}
    return found


@pytest.mark.parametrize("name", sorted(commands()))
def test_the_options_of_a_command_are_documented_and_no_others(name: str) -> None:
    assert tables()[name] == options_of(commands()[name])


def command_lines() -> Iterator[tuple[str, str]]:
    """Every line with ``pharia-skill`` on the pages, in blocks and in the text, up to the next command of the shell."""
    for page in PAGES:
        for written in re.findall(r"pharia-skill ((?:new|run|dev|build|publish|inspect)\b[^`|#\n]*)", page.read_text()):
            yield page.name, written


@pytest.mark.parametrize(("page", "line"), sorted(set(command_lines())))
def test_a_command_line_has_only_options_that_there_are(page: str, line: str) -> None:
    name, _, rest = line.partition(" ")
    unquoted = re.sub(r"'[^']*'", "", rest)
    assert set(OPTION.findall(unquoted)) <= options_of(commands()[name])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_an_option_in_the_text_is_one_of_a_command(page: Path, request: pytest.FixtureRequest) -> None:
    known = {option for command in commands().values() for option in options_of(command)}
    known |= {name for name in ("--csi-record", "--csi-record-missing") if hasattr(request.config.option, dest(name))}
    text = page.read_text()
    pytest_lines = re.findall(r"^pytest\b([^#\n]*)", text, re.MULTILINE)
    for code in [*pytest_lines, *re.findall(r"`(-[^`]+)`", BLOCK.sub("", text))]:
        assert set(OPTION.findall(code)) <= known, code


def dest(option: str) -> str:
    return option.strip("-").replace("-", "_")


def all_errors() -> list[type[errors.PhariaSkillError]]:
    return [
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, errors.PhariaSkillError)
    ]


def builtin_bases(kind: type[Exception]) -> set[str]:
    """The built-in exceptions it is, without those that every one of them is."""
    found = [base for base in kind.__mro__ if base.__module__ == builtins.__name__ and base not in Exception.__mro__]
    return {base.__name__ for base in found if not any(base in other.__mro__[1:] for other in found)}


def test_every_error_is_documented_with_its_code() -> None:
    text = (FOLDER / "errors.md").read_text()
    rows = re.findall(r"^\| `([\w-]+)` \| `(\w+)` \| ([^|]*)\|", text, re.MULTILINE)
    documented = {(code, name, frozenset(re.findall(r"`(\w+)`", also))) for code, name, also in rows}
    assert documented == {(kind.code, kind.__name__, frozenset(builtin_bases(kind))) for kind in all_errors()}


def test_the_variables_are_read_by_the_code() -> None:
    code = "\n".join(path.read_text() for path in (SDK / "src").rglob("*.py"))
    for page in PAGES:
        for name in VARIABLE.findall(page.read_text()):
            assert f'"{name}"' in code, f"{page.name}: {name}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(page.read_text()):
        place, _, anchor = link.partition("#")
        target = page.parent / place if place else page
        assert target.exists(), link
        headings = re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE) if anchor else []
        assert not anchor or anchor in {re.sub(r"[^\w -]", "", each).lower().replace(" ", "-") for each in headings}
