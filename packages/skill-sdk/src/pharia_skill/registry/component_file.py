"""The file of a component, as people name it."""

from __future__ import annotations

from pathlib import Path

from pharia_skill.builder.shape import Shape, shape_of
from pharia_skill.errors import NotAComponent

_EXTENSION = ".wasm"


def component_path(text: str) -> Path:
    """The extension may be left out. Raises :class:`~pharia_skill.errors.NotAComponent` if there is no such file."""
    path = Path(text if text.endswith(_EXTENSION) else text + _EXTENSION)
    if path.is_file():
        return path
    if Path(text).is_file():
        return Path(text)
    shown = path if path.is_absolute() else f"./{path}"
    raise NotAComponent(f"No such file: {shown} (build it with `pharia-skill build {path.stem}`)")


def read_component(path: Path) -> tuple[bytes, Shape]:
    """The bytes and what they tell; raises :class:`~pharia_skill.errors.NotAComponent` with the file's name."""
    try:
        content = path.read_bytes()
        return content, shape_of(content)
    except NotAComponent as error:
        raise NotAComponent(f"{path}: {error}") from None
    except OSError as error:
        raise NotAComponent(f"{path} can not be read: {error}") from None
