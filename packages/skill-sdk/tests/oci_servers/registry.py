"""The registry of the Debian package ``docker-registry``."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_PROGRAM = "docker-registry"


@dataclass(frozen=True)
class Certificates:
    authority: Path
    server: Path
    key: Path


@dataclass
class RunningRegistry:
    host: str
    """With its port."""
    folder: Path
    log: list[str] = field(default_factory=list)

    def uploads(self, repository: str) -> list[Path]:
        """The files of unfinished ones."""
        return list((self.folder / "docker/registry/v2/repositories" / repository / "_uploads").glob("*/data"))


@contextmanager
def running_registry(folder: Path, http: str = "", auth: str = "") -> Iterator[RunningRegistry]:
    """Start one on a free port with the ``http`` and ``auth`` settings given, and end it."""
    program = shutil.which(_PROGRAM)
    assert program is not None, f"{_PROGRAM} is not installed; get it with `apt-get install {_PROGRAM}`"
    settings = folder / "config.yml"
    settings.write_text(
        f"version: 0.1\nlog: {{accesslog: {{disabled: true}}}}\n{auth}\n"
        f"storage: {{filesystem: {{rootdirectory: {folder / 'data'}}}}}\n"
        f'http:\n  addr: "127.0.0.1:0"\n  secret: shared\n{http}\n'
    )
    with _running([program, "serve", str(settings)], folder / "data") as registry:
        yield registry


def tls_settings(certificates: Certificates) -> str:
    return f"  tls: {{certificate: {certificates.server}, key: {certificates.key}}}"


@contextmanager
def _running(command: list[str], folder: Path) -> Iterator[RunningRegistry]:
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        assert process.stderr is not None
        log: list[str] = []
        for line in process.stderr:
            log.append(line)
            if "listening on " in line:
                address = line.partition("listening on ")[2].split('"')[0].split(",")[0].strip()
                break
        else:
            raise AssertionError("the registry ended: " + "".join(log))
        reader = threading.Thread(target=log.extend, args=(process.stderr,))
        reader.start()
        try:
            yield RunningRegistry(address, folder, log)
        finally:
            process.terminate()
            process.wait(10)
            reader.join(10)
