"""A release site on this machine, and a runtime root whose skills come from it."""

from __future__ import annotations

import hashlib
import io
import json
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from luaskills.engine.callbacks import CallbackTable
from luaskills.engine.engine import Engine
from luaskills.engine.options import EngineOptions
from luaskills.management import Management


def package(skill_id: str, version: str, files: Mapping[str, str | bytes] | None = None) -> dict[str, str | bytes]:
    """The members of a package whose entry answers with its version."""
    manifest = (
        f"name: {skill_id}\nversion: {version}\nentries:\n"
        f"  - {{name: run, lua_entry: runtime/run.lua, lua_module: {skill_id.replace('-', '_')}_run}}\n"
    )
    return {
        f"{skill_id}/skill.yaml": manifest,
        f"{skill_id}/runtime/run.lua": f"return function() return '{version}' end",
        **(files or {}),
    }


def zipped(members: Mapping[str, str | bytes]) -> bytes:
    """A zip archive of these members."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target.getvalue()


class Site:
    """What the local server answers, by path; and which paths were asked for."""

    def __init__(self) -> None:
        self.answers: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.url = ""

    def publish(
        self,
        skill_id: str,
        version: str,
        *,
        owner: str = "acme",
        files: Mapping[str, str | bytes] | None = None,
        archive: bytes | None = None,
        checksums: str | None = None,
        assets: list[str] | None = None,
    ) -> None:
        """Make a version the latest release of ``{owner}/{skill_id}``."""
        name, sums = f"{skill_id}-v{version}-skill.zip", f"{skill_id}-v{version}-checksums.txt"
        content = zipped(package(skill_id, version, files)) if archive is None else archive
        base = f"/{owner}/{skill_id}/releases/download/v{version}"
        self.answers[f"{base}/{name}"] = content
        if checksums is None:
            checksums = f"{hashlib.sha256(content).hexdigest()}  {name}\n"
        self.answers[f"{base}/{sums}"] = checksums.encode()
        listed = [
            {"name": asset, "browser_download_url": f"https://github.com{base}/{asset}"}
            for asset in (assets if assets is not None else [name, sums])
        ]
        release = {"tag_name": f"v{version}", "assets": listed}
        self.answers[f"/repos/{owner}/{skill_id}/releases/latest"] = json.dumps(release).encode()


@pytest.fixture
def site() -> Iterator[Site]:
    offered = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            offered.asked.append(self.path)
            content = offered.answers.get(self.path)
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    offered.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield offered
    server.shutdown()
    thread.join()
    server.server_close()


class Runtime:
    """One runtime root with an engine and its management."""

    def __init__(self, root: Path, engine: Engine) -> None:
        self.root, self.engine, self.management = root, engine, Management(engine)
        self.chain = [
            {"name": label, "skills_dir": str(root / f"{label.lower()}_skills")}
            for label in ("ROOT", "PROJECT", "USER")
        ]

    def layer(self, label: str) -> dict[str, str]:
        return next(root for root in self.chain if root["name"] == label)

    def write(self, label: str, skill_id: str, version: str = "1.0.0") -> Path:
        """A package that nobody installed."""
        for name, content in package(skill_id, version).items():
            path = Path(self.layer(label)["skills_dir"]) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(str(content))
        return Path(self.layer(label)["skills_dir"]) / skill_id

    def install(self, source: str, plane: str = "skills", **more: Any) -> dict[str, Any]:
        return self.management.install(plane, self.request({"source": source}, **more))

    def update(self, skill_id: str, plane: str = "skills", **more: Any) -> dict[str, Any]:
        return self.management.update(plane, self.request({"skill_id": skill_id}, **more))

    def uninstall(self, skill_id: str, plane: str = "skills", **more: Any) -> dict[str, Any]:
        request = {"skill_roots": self.chain, "skill_id": skill_id, "options": {}, **more}
        return self.management.uninstall(plane, request)

    def request(self, request: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        return {"skill_roots": self.chain, "request": request, **more}

    def load(self) -> None:
        self.engine.load_from_roots(self.chain)

    def answer(self, skill_id: str) -> str:
        """What the entry of a package says: its version."""
        return self.engine.call_skill(f"{skill_id}-run").content

    def has(self, skill_id: str) -> bool:
        return self.engine.is_skill(f"{skill_id}-run", "system")

    def files(self) -> dict[str, bytes]:
        """Every file of the root but caches and locks, without what differs from run to run."""
        found = {}
        for path in sorted(self.root.rglob("*")):
            name = path.relative_to(self.root).as_posix()
            if path.is_file() and not name.startswith("temp/") and not name.endswith("management.lock"):
                content = path.read_bytes()
                found[name] = b"".join(line for line in content.splitlines(True) if b"unix_ms" not in line)
        return found


Make = Callable[..., Runtime]


@pytest.fixture
def make(site: Site, tmp_path: Path) -> Iterator[Make]:
    engines: list[Engine] = []

    def made(**host: Any) -> Runtime:
        callbacks = host.pop("callbacks", CallbackTable())
        defaults = {
            "github_base_url": site.url,
            "github_api_base_url": site.url,
            "download_cache_root": str(tmp_path / "temp" / "downloads"),
        }
        pool = {"min_size": 1, "max_size": 2, "idle_ttl_secs": 60}
        engine = Engine(EngineOptions.parse({"pool_config": pool, "host_options": {**defaults, **host}}), callbacks)
        engines.append(engine)
        return Runtime(tmp_path, engine)

    yield made
    for engine in engines:
        engine.close()


@pytest.fixture
def runtime(make: Make) -> Runtime:
    return make()
