"""The way of a component or a Lua package into a registry, with a bar that shows how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from rich.console import Console

from pharia_skill.builder.build_note import build_note
from pharia_skill.builder.shape import ShapeKind
from pharia_skill.cli.destination import Destination
from pharia_skill.cli.panels import transfer
from pharia_skill.errors import NotAComponent
from pharia_skill.registry import WRITE, Image, Published, RegistryClient, Transport, image_of, publish_image
from pharia_skill.registry.component_file import read_component
from pharia_skill.registry.lua_package import is_package, package_image, package_name

_SDK_ANNOTATION = "pharia-skill.sdk"
_INPUTS_ANNOTATION = "pharia-skill.inputs"


@dataclass(frozen=True, slots=True)
class Manner:
    """How to publish."""

    transport: Transport = field(default_factory=Transport)
    annotations: Mapping[str, str] = field(default_factory=dict)
    """Beside those about the SDK and the skill's sources."""
    created: datetime | None = None
    overwrite: bool = True
    dry_run: bool = False


def name_of(path: Path) -> str:
    """Under which it is published where nobody says; raises :class:`~pharia_skill.errors.PhariaSkillError`."""
    return package_name(path) if is_package(path) else path.stem


def publish_file(path: Path, name: str, tag: str, to: Destination, manner: Manner, console: Console) -> Published:
    """Look at the file, and only then ask the registry anything; raises :class:`~pharia_skill.errors.PhariaSkillError`.

    Progress and warnings go to ``console``.
    """
    reference = to.reference(name, tag)
    image = _package(path, name, manner) if is_package(path) else _component(path, manner, console)
    with (
        RegistryClient(reference, to.credentials, actions=WRITE, transport=manner.transport) as client,
        transfer(console, f"Publishing {reference}") as bar,
    ):
        task = bar.add_task("", total=None)
        return publish_image(
            client,
            image,
            overwrite=manner.overwrite,
            dry_run=manner.dry_run,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )


def _package(path: Path, name: str, manner: Manner) -> Image:
    if (own := package_name(path)) != name:
        raise NotAComponent(f"{path} is the Lua package `{own}`; kernels look for it under that name, not `{name}`")
    return package_image(path.read_bytes(), manner.annotations, manner.created)


def _component(path: Path, manner: Manner, console: Console) -> Image:
    binary, shape = read_component(path)
    if shape.kind is ShapeKind.OTHER:
        console.print("This component exports no skill; kernels will not run it.", style="yellow", highlight=False)
    note = build_note(binary, shape)
    own = {_SDK_ANNOTATION: note.sdk, _INPUTS_ANNOTATION: (note.note or {}).get("inputs")}
    annotations = {**{key: str(value) for key, value in own.items() if value}, **manner.annotations}
    return image_of(binary, shape, annotations, manner.created)
