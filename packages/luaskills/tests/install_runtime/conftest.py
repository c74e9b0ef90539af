"""A site on this machine that serves the assets of a runtime."""

from __future__ import annotations

import hashlib
import io
import re
import tarfile
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from luaskills.install_runtime import build_runtime_install_manifest

CONTENT: Mapping[str, Mapping[str, bytes]] = {
    "lua_runtime": {
        "lua_packages/json.lua": b"return {}",
        "libs/liblua.so": b"lua",
        "resources/lua-runtime-manifest.json": b"{}",
        "licenses/lua.txt": b"MIT",
    },
    "luaskills_ffi": {
        "sdk/include/luaskills.h": b"// h",
        "sdk/lib/libluaskills.so": b"ELF engine",
        "sdk/licenses/luaskills.txt": b"MIT",
    },
    "vldb_controller": {"vldb/bin/vldb-controller": b"ELF controller"},
    "vldb_sqlite_lib": {"lib/libvldb_sqlite.so": b"ELF sqlite", "README": b"x"},
    "vldb_lancedb_lib": {"lib/libvldb-lancedb-v0.1.5.so": b"ELF lancedb"},
}


def tarred(members: Mapping[str, bytes | tarfile.TarInfo]) -> bytes:
    """A tar.gz archive of files, or of members as they are."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as file:
        for name, content in members.items():
            info = content if isinstance(content, tarfile.TarInfo) else tarfile.TarInfo(name)
            data = b"" if isinstance(content, tarfile.TarInfo) else content
            info.size = len(data)
            file.addfile(info, io.BytesIO(data))
    return target.getvalue()


class Site:
    """What the server has, by path; which requests came; and how many bytes it sends before it breaks off."""

    def __init__(self) -> None:
        self.answers: dict[str, bytes] = {}
        self.asked: list[tuple[str, str | None]] = []
        self.url = ""
        self.break_after: int | None = None
        self.ranges = True

    def publish(self, database: str = "none", **options: Any) -> list[dict[str, str]]:
        """Serve every asset of a mode with its sidecar; gives the assets as the manifest lists them."""
        manifest = build_runtime_install_manifest(runtime_root="x", database=database, base_url=self.url, **options)
        for asset in manifest["assets"]:
            self.replace(asset, tarred(CONTENT[asset["role"]]))
        return list(manifest["assets"])

    def replace(self, asset: Mapping[str, str], content: bytes | Mapping[str, bytes | tarfile.TarInfo]) -> None:
        """Serve another archive, with a sidecar that fits."""
        if not isinstance(content, bytes):
            content = tarred(content)
        path = asset["download_url"].removeprefix(self.url)
        self.answers[path] = content
        self.answers[f"{path}.sha256"] = f"{hashlib.sha256(content).hexdigest()}  {asset['asset_name']}\n".encode()

    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]


@pytest.fixture
def site() -> Iterator[Site]:
    offered = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range")
            offered.asked.append((self.path, wanted))
            content = offered.answers.get(re.sub(r"^http://[^/]*", "", self.path))
            start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and offered.ranges else 0
            if content is None or start >= len(content) > 0:
                self.send_response(404 if content is None else 416)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            stop = None
            if offered.break_after is not None and not self.path.endswith(".sha256"):
                stop, self.close_connection = start + offered.break_after, True
            self.wfile.write(content[start:stop])

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


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every platform of the tests is the one whose assets the site has."""
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    for name in ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
