"""Skills in a kernel's sandbox, following the edits until somebody stops it."""

from __future__ import annotations

import json
import os
import tempfile
import threading
import time
import urllib.request
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pharia_skill.builder.target import Target
from pharia_skill.dev.deployment import Deployment, Say
from pharia_skill.dev.example import example_of, try_it
from pharia_skill.dev.program import KernelProgram
from pharia_skill.errors import CommandError

_LOOK_SECONDS = 0.025
_FIRST_CALL_SECONDS = 180.0
"""The kernel compiles the loader when it sees it for the first time."""
_LOG_LEVEL = "warn,pharia_kernel.skill=info,pharia_kernel.api=info"
"""What skills print, and calls that failed."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the skills are served: by a kernel of the session's own, unless ``folder`` is one that another watches."""

    namespace: str
    port: int
    folder: Path | None = None
    url: str | None = None
    """Of the other kernel."""


class Session:
    """A context manager; leaving it takes the skills away again."""

    def __init__(
        self, targets: Sequence[Target], place: Place, *, wit: str, source_paths: Sequence[Path], say: Say
    ) -> None:
        self._targets = targets
        self._place = place
        self._wit = wit
        self._source_paths = source_paths
        self._say = say
        self._stack = ExitStack()
        self._kernel: KernelProgram | None = None
        self._deployments: list[Deployment] = []

    def __enter__(self) -> Session:
        """Raises :class:`~pharia_skill.errors.BuildError` and :class:`~pharia_skill.errors.CommandError`."""
        _check(self._targets, self._place)
        with ExitStack() as stack:
            folder = self._place.folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pharia-dev-")))
            for target in self._targets:
                deployment = Deployment(target, folder, wit=self._wit, source_paths=self._source_paths, say=self._say)
                self._deployments.append(stack.enter_context(deployment))
            if self._place.folder is None:
                environment = _environment(self._place.namespace, folder)
                self._kernel = stack.enter_context(KernelProgram(self._place.port, environment, self._say))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    @property
    def url(self) -> str | None:
        """Of the kernel, as far as it is known."""
        return self._place.url if self._kernel is None else self._kernel.url

    def introduce(self) -> None:
        """Say how to call the skills; waits until they can be called."""
        for deployment in self._deployments:
            path = f"/v1/skills/{self._place.namespace}/{deployment.target.name}"
            if self.url is None:
                self._say(f"{deployment.path} is ready, to be called as {path}")
            else:
                example = example_of(_metadata(f"{self.url}{path}/metadata").get("input_schema"))
                self._say(try_it(f"{self.url}{path}", deployment.kind, example))

    def follow(self, stop: threading.Event) -> None:
        """Until ``stop`` is set. Raises :class:`~pharia_skill.errors.KernelProgramFailed` when the kernel ends."""
        while not stop.wait(_LOOK_SECONDS):
            if self._kernel is not None:
                self._kernel.check()
            for deployment in self._deployments:
                began = time.monotonic()
                if deployment.refresh():
                    self._say(f"{deployment.target.name}: taken over in {time.monotonic() - began:.2f} s")


def _check(targets: Sequence[Target], place: Place) -> None:
    names = [each.name for each in targets]
    if doubled := next((name for name in names if names.count(name) > 1), None):
        raise CommandError(f"two skills are called `{doubled}`: serve them one at a time, or rename one")
    if place.folder is not None and not place.folder.is_dir():
        raise CommandError(f"there is no folder {place.folder} for a kernel to watch")


def _environment(namespace: str, folder: Path) -> dict[str, str]:
    return {
        f"NAMESPACES__{namespace.upper().replace('-', '_')}__DIRECTORY": str(folder),
        "DIRECTORY_SCAN_INTERVAL": "50ms",
        "COMPILATION": os.environ.get("COMPILATION", "quick"),
        "LOG_LEVEL": os.environ.get("LOG_LEVEL", _LOG_LEVEL),
    }


def _metadata(url: str) -> dict[str, Any]:
    """Empty where the skill has none, or its source is broken; callers will be told why."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(url, timeout=_FIRST_CALL_SECONDS) as answer:
            found: dict[str, Any] = json.load(answer)
            return found
    except (OSError, ValueError):
        return {}
