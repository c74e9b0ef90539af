"""What there is to tell about a component, for people and for programs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from pharia_skill.builder.build_note import BuildNote, build_note
from pharia_skill.builder.shape import Shape, ShapeKind
from pharia_skill.cli.panels import bytes_text
from pharia_skill.registry.digest import digest_of

_WORLDS = {ShapeKind.SKILL: "skill", ShapeKind.MESSAGE_STREAM_SKILL: "message-stream-skill"}
_OWN = "pharia:"
_PARTS_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Inspection:
    name: str
    """The file or reference that was asked for."""
    digest: str
    """Of the component's bytes."""
    size: int
    shape: Shape
    build: BuildNote
    image: str | None = None
    """Digest of the manifest, for skills in a registry."""

    @classmethod
    def of(cls, name: str, binary: bytes, shape: Shape, image: str | None = None) -> Inspection:
        return cls(name, digest_of(binary), len(binary), shape, build_note(binary, shape), image)

    @property
    def world(self) -> str | None:
        return _WORLDS.get(self.shape.kind)

    def to_json(self) -> dict[str, Any]:
        """Sizes are in bytes; what is unknown is null."""
        return {
            "name": self.name,
            "image": self.image,
            "digest": self.digest,
            "size": self.size,
            "kind": self.shape.kind.value,
            "world": self.world,
            "wit": self.shape.wit,
            "sdk": self.build.sdk,
            "build": self.build.note,
            "metadata": self.build.metadata,
            "exports": list(self.shape.exports),
            "imports": list(self.shape.imports),
            "sections": [{"name": part.name, "count": part.count, "size": part.size} for part in self.shape.parts],
        }

    def lines(self) -> dict[str, list[str]]:
        """Names and what stands beside them, in the order to be shown."""
        found = {
            "kind": [self._kind()],
            "interface": [self._interface()],
            "size": [bytes_text(self.size)],
            "digest": [self.digest],
            "image": [self.image] if self.image else [],
            "built with": self._build(),
            "metadata": self._metadata(),
            "exports": list(self.shape.exports) or ["nothing"],
            "imports": self._imports(),
            "sections": self._parts(),
        }
        return {name: lines for name, lines in found.items() if lines}

    def _kind(self) -> str:
        if self.shape.kind is not ShapeKind.OTHER:
            return str(self.shape.kind.value)
        return "a component, but no skill: it exports neither skill-handler nor message-stream"

    def _interface(self) -> str:
        if self.shape.kind is ShapeKind.OTHER:
            return "none"
        version = self.shape.wit or "without a version"
        return f"pharia:skill {version}" + (f", world {self.world}" if self.world else "")

    def _build(self) -> list[str]:
        sdk = f"pharia-skill {self.build.sdk}" if self.build.sdk else "unknown tools"
        note = self.build.note
        if note is None:
            return [f"{sdk} (no build note)"]
        return [f"{sdk}, module {note.get('module', '?')}, for WIT {note.get('wit', '?')}", f"{note.get('inputs', '')}"]

    def _metadata(self) -> list[str]:
        metadata = self.build.metadata
        if metadata is None:
            return ["not kept in the file"]
        description = metadata.get("description") or "no description"
        schemas = [name for name in metadata if name.endswith("schema") and metadata[name] is not None]
        return [str(description), f"with {', '.join(schemas) or 'no schemas'}"]

    def _imports(self) -> list[str]:
        own = [name for name in self.shape.imports if name.startswith(_OWN)]
        others = Counter(name.partition(":")[0] for name in self.shape.imports if not name.startswith(_OWN))
        return [*own, *(f"{count} of {package}" for package, count in others.items())] or ["nothing"]

    def _parts(self) -> list[str]:
        parts = self.shape.parts
        shown = [f"{bytes_text(part.size):>10}  {part.name} ({part.count})" for part in parts[:_PARTS_SHOWN]]
        rest = sum(part.size for part in parts[_PARTS_SHOWN:])
        return [*shown, f"{bytes_text(rest):>10}  others"] if rest else shown
