"""One skill of a project, kept current in a folder that a kernel watches."""

from __future__ import annotations

import sysconfig
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pharia_skill.builder import SkillType
from pharia_skill.builder.kind import infer_kind
from pharia_skill.builder.target import Target
from pharia_skill.dev.changes import Changes, Stamp, stamp
from pharia_skill.dev.component import has_source, write_component
from pharia_skill.dev.loader import build_loader
from pharia_skill.dev.project import Project, read_project
from pharia_skill.errors import BuildError, FolderTaken, SkillImportFailed

_PACKAGES = Path(sysconfig.get_paths()["purelib"])
"""Changes when something is installed."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class _Loader:
    kind: SkillType
    wanted: tuple[str, ...]
    """Also what an earlier version of the source imported: to leave it out would take another build."""
    installed: Stamp | None
    binary: bytes


class Deployment:
    """A context manager; leaving it removes the component."""

    def __init__(self, target: Target, folder: Path, *, wit: str, source_paths: Sequence[Path], say: Say) -> None:
        self.target = target
        self.path = folder / f"{target.name}.wasm"
        self._wit = wit
        self._source_paths = source_paths
        self._say = say
        self._changes = Changes()
        self._loader: _Loader | None = None
        self._told: tuple[str, ...] = ()

    @property
    def kind(self) -> SkillType:
        """As it is deployed."""
        return SkillType.SKILL if self._loader is None else self._loader.kind

    def __enter__(self) -> Deployment:
        """Raises :class:`~pharia_skill.errors.BuildError` and :class:`~pharia_skill.errors.FolderTaken`."""
        if self.path.exists() and not has_source(self.path):
            raise FolderTaken(f"{self.path} is a component that was built; remove it, or name another folder")
        self._deploy()
        return self

    def __exit__(self, *exc: object) -> None:
        self.path.unlink(missing_ok=True)

    def refresh(self) -> bool:
        """Take over what has changed since the last but one call; whether anything had.

        Trouble is said, and the former version stays.
        """
        if not self._changes.settled():
            return False
        try:
            self._deploy()
        except (BuildError, OSError) as error:  # an editor may be in the midst of replacing a file
            self._say(f"{self.target.name}: {error}")
        return True

    def _deploy(self) -> None:
        project = read_project(self.target, self._source_paths)
        self._changes.watch([*project.files, _PACKAGES], project.stamps)
        self._tell(project)
        loader = self._loader_for(project)
        write_component(self.path, loader.binary, project.as_source())

    def _loader_for(self, project: Project) -> _Loader:
        kind, installed = self._kind(project), stamp(_PACKAGES)
        before = self._loader
        had = before.wanted if before is not None else ()
        wanted = tuple(sorted({*had, *project.wanted}))
        if before is not None and (before.kind, had, before.installed) == (kind, wanted, installed):
            return before
        with_what = f" with {', '.join(wanted)}" if wanted else ""
        self._say(f"{self.target.name}: making the loader{with_what} (takes a while when it is not in the cache)")
        binary = build_loader(kind, self._wit, wanted).read_bytes()
        self._loader = _Loader(kind, wanted, installed, binary)
        return self._loader

    def _kind(self, project: Project) -> SkillType:
        """While the text has no skill, or is not Python, what it was before: callers are told what is wrong with it."""
        try:
            return infer_kind(self.target)
        except BuildError as error:
            if self._loader is not None:
                return self._loader.kind
            if not isinstance(error, SkillImportFailed):
                raise
            text = project.main.text
            streams = "message_stream" in text or "@agent" in text
            return SkillType.MESSAGE_STREAM_SKILL if streams else SkillType.SKILL

    def _tell(self, project: Project) -> None:
        if project.problems != self._told:
            self._told = project.problems
            for problem in project.problems or ("fine again",):
                self._say(f"{self.target.name}: {problem}")
