"""Components built from each WIT line with plain componentize-py, without any SDK."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from pharia_kernel.runtimes.wasm.worlds.lines import wit_text

_GUESTS = Path(__file__).with_name("guests")
_SHARED = ("steps.py", "plain.py")
_RUN = "import sys; from componentize_py import script; sys.exit(script())"
_BUILD_SECONDS = 240
"""One takes about ten seconds of one core."""
_KEEP_SECONDS = 7 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Source:
    line: str
    app: str
    """Module of ``guests`` with the exports."""
    world: str = "skill"
    patch: str | None = None
    """WIT in place of the line's own."""

    @property
    def name(self) -> str:
        return f"{self.line}-{self.app}"

    @property
    def wit(self) -> str:
        return wit_text(self.line) if self.patch is None else self.patch

    def place(self, folder: Path) -> Path:
        """Where the component built of these parts is kept."""
        parts = [version("componentize-py"), self.world, self.wit]
        parts += [(_GUESTS / name).read_text() for name in (*_SHARED, f"{self.app}.py")]
        digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
        return folder / f"{self.name}-{digest}.wasm"


SOURCES = (
    Source("unversioned", "text"),
    *(Source(line, "function") for line in ("0.1", "0.2", "0.3", "0.4", "0.5")),
    *(Source(line, "stream", "message-stream-skill") for line in ("0.3", "0.4", "0.5")),
)


def build(source: Source, folder: Path) -> bytes:
    """The component, from ``folder`` if it was built of the same parts before. Blocks.

    One process builds it, others wait.
    """
    place = source.place(folder)
    with place.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.exists():
            with tempfile.TemporaryDirectory(dir=folder) as stage:
                _componentize(source, Path(stage)).replace(place)
    os.utime(place)
    return place.read_bytes()


def _componentize(source: Source, stage: Path) -> Path:
    """The sources are copied, as their interpreter leaves byte code beside them."""
    wit, app, nothing, output = (stage / name for name in ("wit", "app", "nothing", "component.wasm"))
    for folder in (wit, app, nothing):
        folder.mkdir()
    (wit / "skill.wit").write_text(source.wit)
    for name in (*_SHARED, f"{source.app}.py"):
        shutil.copy(_GUESTS / name, app)
    command = [sys.executable, "-c", _RUN, "--quiet", "-d", str(wit), "-w", source.world]
    command += ["--all-features"] if source.line == "0.5" else []
    command += ["componentize", source.app, "-p", str(app), "-o", str(output)]
    # With an environment that is empty no installed package gets into the component.
    environment = {**os.environ, "VIRTUAL_ENV": str(nothing)}
    subprocess.run(command, check=True, timeout=_BUILD_SECONDS, stdin=subprocess.DEVNULL, env=environment)
    return output


def forget_unused(folder: Path) -> None:
    """Remove components that no test has used for long, and the code compiled from them."""
    oldest = time.time() - _KEEP_SECONDS
    for component in folder.glob("*.wasm"):
        with contextlib.suppress(FileNotFoundError):  # another process is tidying up
            if component.stat().st_mtime < oldest:
                digest = hashlib.sha256(component.read_bytes()).hexdigest()
                for path in (component, component.with_suffix(".lock"), *folder.glob(f"code/*/{digest}.*")):
                    path.unlink(missing_ok=True)
