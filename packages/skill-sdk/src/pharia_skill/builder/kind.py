"""Function or message stream: read off the decorator, without running the module."""

from __future__ import annotations

import ast
from collections.abc import Iterator
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
    if len(found) > 1:
        listed = ", ".join(f"`{name}` (line {line})" for name, line, _ in found)
        raise SeveralSkills(
            f"{target.file.name} has {len(found)} skills: {listed}. A component is one skill: put each in a module of "
            "its own"
        )
    if found:
        return found[0][2]
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name in _HANDLERS:
            return _HANDLERS[node.name]
    raise NoSkill(
        f"{target.file.name} has no function decorated with @skill or @message_stream (if it gets its skill from "
        "elsewhere, say which kind with --skill-type)"
    )


def kind_of(target: Target, wanted: SkillType | None) -> SkillType:
    """``wanted``, unless the decorator says otherwise; raises what :func:`infer_kind` raises when nothing is wanted."""
    if wanted is None:
        return infer_kind(target)
    try:
        written = infer_kind(target)
    except (NoSkill, SeveralSkills):
        return wanted
    if written is not wanted:
        error = IsSkill if written is SkillType.SKILL else IsMessageStream
        raise error(
            f"{target.file.name} is a skill of type {written.value}, not {wanted.value} (leave --skill-type away, or "
            "set it so)"
        )
    return wanted


def parse(target: Target) -> ast.Module:
    """Raises :class:`~pharia_skill.errors.SkillImportFailed` for text that is not Python."""
    try:
        return ast.parse(target.file.read_bytes(), target.file.name)
    except (SyntaxError, ValueError) as error:
        line = f" line {error.lineno}" if isinstance(error, SyntaxError) else ""
        raise SkillImportFailed(f"{target.file.name}{line} is not valid Python: {error}") from error


def _decorated(tree: ast.Module) -> Iterator[tuple[str, int, SkillType]]:
    names = dict(_imported(tree))
    for node in _module_level(tree.body):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for decorator in node.decorator_list:
                origin = names.get(ast.unparse(decorator), ast.unparse(decorator))
                if (kind := _DECORATORS.get(origin.removeprefix("pharia_skill."))) is not None:
                    yield node.name, node.lineno, kind


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
