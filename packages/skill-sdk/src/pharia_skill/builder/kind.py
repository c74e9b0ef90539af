"""Function or message stream: read off the decorators, without running the module."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from pharia_skill.builder.target import Target
from pharia_skill.errors import IsMessageStream, IsSkill, NoSkill, SeveralSkills, SkillImportFailed


class SkillType(str, Enum):
    SKILL = "skill"
    MESSAGE_STREAM_SKILL = "message-stream-skill"

    @property
    def world(self) -> str:
        """The WIT world such a skill is built for."""
        return self.value


@dataclass(frozen=True, slots=True)
class Decorated:
    """A function that is a skill."""

    function: str
    line: int
    kind: SkillType
    named: bool
    """Whether the decorator was given a name: then it leaves its place to one that was not."""


_DECORATORS = {
    "skill": SkillType.SKILL,
    "message_stream": SkillType.MESSAGE_STREAM_SKILL,
    "agent": SkillType.MESSAGE_STREAM_SKILL,
}
_HANDLERS = {"SkillHandler": SkillType.SKILL, "MessageStream": SkillType.MESSAGE_STREAM_SKILL}


def infer_kind(target: Target) -> SkillType:
    """Raises :class:`~pharia_skill.errors.NoSkill` or :class:`~pharia_skill.errors.SeveralSkills`."""
    tree = parse(target)
    found = list(_decorated(tree))
    if target.function is not None:
        return _named(target, target.function, found).kind
    unnamed = [each for each in found if not each.named] or found
    if len(unnamed) > 1:
        listed = ", ".join(f"`{each.function}` (line {each.line})" for each in unnamed)
        raise SeveralSkills(
            f"{target.file.name} has {len(unnamed)} skills: {listed}. A component is one skill: choose it with "
            f"{target.file.name}:{unnamed[0].function}, or build all of them with --all"
        )
    if unnamed:
        return unnamed[0].kind
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name in _HANDLERS:
            return _HANDLERS[node.name]
    raise NoSkill(
        f"{target.file.name} has no function decorated with @skill or @message_stream (if it gets its skill from "
        "elsewhere, say which kind with --skill-type)"
    )


def skills_in(target: Target) -> list[Decorated]:
    """Every decorated function of the module, in order; none for a module that is not valid Python."""
    try:
        return list(_decorated(parse(target)))
    except SkillImportFailed:
        return []


def function_of(target: Target, kind: SkillType) -> str | None:
    """The function a component of that kind is, where the module has several skills; ``None`` if that is open."""
    found = skills_in(target)
    if target.function is not None or len(found) < 2:
        return target.function
    fitting = [each for each in found if each.kind is kind]
    unnamed = [each for each in fitting if not each.named] or fitting
    return unnamed[0].function if len(unnamed) == 1 else None


def kind_of(target: Target, wanted: SkillType | None) -> SkillType:
    """``wanted``, unless the decorator says otherwise; raises what :func:`infer_kind` raises when nothing is wanted."""
    if wanted is None:
        return infer_kind(target)
    if target.function is None and any(each.kind is wanted for each in skills_in(target)):
        return wanted
    try:
        written = infer_kind(target)
    except (NoSkill, SeveralSkills):
        if target.function is not None:
            raise
        return wanted
    if written is not wanted:
        raise wrong_kind(written, f"{target.file.name} is a skill of type {written.value}, not {wanted.value}. ")
    return wanted


def wrong_kind(written: SkillType, where: str) -> IsSkill | IsMessageStream:
    """The error for a decorator that does not fit the world; ``where`` begins its text."""
    way_out = f"Please ensure to set the --skill-type flag to {written.value}, or leave it away"
    if written is SkillType.SKILL:
        return IsSkill(
            f"{where}It seems you are trying to build a Skill decorated with the @skill decorator. {way_out}"
        )
    return IsMessageStream(
        f"{where}It seems you are trying to build a Skill with the @message_stream decorator. {way_out}"
    )


def parse(target: Target) -> ast.Module:
    """Raises :class:`~pharia_skill.errors.SkillImportFailed` for text that is not Python."""
    try:
        return ast.parse(target.file.read_bytes(), target.file.name)
    except (SyntaxError, ValueError) as error:
        line = f" line {error.lineno}" if isinstance(error, SyntaxError) else ""
        raise SkillImportFailed(f"{target.file.name}{line} is not valid Python: {error}") from error
    except OSError as error:
        raise SkillImportFailed(f"{target.file} can not be read: {error.strerror}") from error


def _named(target: Target, function: str, found: list[Decorated]) -> Decorated:
    for each in found:
        if each.function == function:
            return each
    others = ", ".join(f"`{each.function}`" for each in found) or "none"
    raise NoSkill(f"{target.file.name} has no skill `{function}` (skills in it: {others})")


def _decorated(tree: ast.Module) -> Iterator[Decorated]:
    names = dict(_imported(tree))
    for node in _module_level(tree.body):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for decorator in node.decorator_list:
                written = ast.unparse(decorator.func if isinstance(decorator, ast.Call) else decorator)
                origin = names.get(written, written)
                if (kind := _DECORATORS.get(origin.removeprefix("pharia_skill."))) is not None:
                    yield Decorated(node.name, node.lineno, kind, _has_name(decorator))


def _has_name(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Call) and any(keyword.arg == "name" for keyword in decorator.keywords)


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """How the decorators are written in this module, and what they are."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "pharia_skill":
            for alias in node.names:
                yield alias.asname or alias.name, alias.name
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name == "pharia_skill" and alias.asname:
                    yield from ((f"{alias.asname}.{name}", name) for name in _DECORATORS)


def _module_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        yield node
        if isinstance(node, ast.If | ast.Try | ast.With):
            yield from _module_level(node.body)
