"""A call of an entry of a Lua package over HTTP, beside the same Lua in nginx (``libnginx-mod-http-lua`` of Debian) and
in a plain loop over lupa, which has no HTTP.

``python -m bench.lua_http``. In nginx the Lua code runs in the server's own process and VM, without limits: the
distance is what a process of its own, a fresh VM and everything else around a call cost.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.load import alone, post, together
from bench.lua import plain
from bench.processes import free_port, kernel, process
from bench.report import Line, median_ms, show

REQUESTS = 600
ENTRIES = {
    "nothing": "return function(args) return '' end",
    "echo": "return function(args) return vulcan.json.encode(args) end",
}
SMALL = b"{}"
LARGE = json.dumps(
    {"rows": [{"id": n, "name": f"row {n}", "tags": ["a", "b"], "score": n / 7} for n in range(40)]}
).encode()
"""About 3 KB."""
MODULES = Path("/usr/lib/nginx/modules")
NGINX = """
load_module {modules}/ndk_http_module.so;
load_module {modules}/ngx_http_lua_module.so;
worker_processes {workers};
daemon off;
pid {folder}/nginx.pid;
error_log /dev/null;
events {{ worker_connections 512; }}
http {{
  access_log off;
  keepalive_requests 1000000;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    location /nothing {{
      content_by_lua_block {{ ngx.req.read_body() local text = '""' ngx.header.content_length = #text ngx.print(text) }}
    }}
    location /echo {{
      content_by_lua_block {{
        local cjson = require 'cjson' ngx.req.read_body()
        local text = cjson.encode(cjson.encode(cjson.decode(ngx.req.get_body_data())))
        ngx.header.content_length = #text ngx.print(text)
      }}
    }}
  }}
}}
"""


def has_nginx() -> bool:
    return (
        shutil.which("nginx", path=f"{os.defpath}:/usr/sbin") is not None
        and (MODULES / "ngx_http_lua_module.so").exists()
    )


@contextmanager
def nginx(folder: Path) -> Iterator[int]:
    """Gives the port."""
    port = free_port()
    file = folder / "nginx.conf"
    file.write_text(NGINX.format(modules=MODULES, workers=os.cpu_count() or 1, folder=folder, port=port))
    with process(["/usr/sbin/nginx", "-e", "/dev/null", "-c", str(file)], port):
        yield port


def package(folder: Path) -> Path:
    """A directory with the package ``bench``."""
    manifest = {
        "name": "Bench",
        "version": "1.0.0",
        "entries": [
            {"name": name, "lua_entry": f"runtime/{name}.lua", "lua_module": f"bench_{name}"} for name in ENTRIES
        ],
    }
    runtime = folder / "skills" / "bench" / "runtime"
    runtime.mkdir(parents=True)
    (runtime.parent / "skill.yaml").write_text(json.dumps(manifest))
    for name, source in ENTRIES.items():
        (runtime / f"{name}.lua").write_text(source)
    return folder / "skills"


def compared(title: str, ours: int, reused: int, theirs: int | None, entry: str, body: bytes) -> None:
    """One at a time and 16 at a time; the round with the median of three."""
    path = f"/v1/skills/dev/bench-{entry}/run"
    lines: list[Line] = []
    fresh = _measured(ours, post(path, body))
    warm = _measured(reused, post(path, body))
    loop = _looped(ENTRIES[entry], body)
    nginx_ = None if theirs is None else _measured(theirs, post(f"/{entry}", body))
    for what, found in (("a fresh VM for each call", fresh), ("a VM for many calls", warm), ("nginx with Lua", nginx_)):
        if found is None:
            continue
        lines += [
            Line(f"{what}, one at a time", found[0], "ms"),
            Line(f"{what}, 16 at a time", found[1], "calls/s"),
            Line("  time by that of the plain loop over lupa", found[0] / loop, "x"),
        ]
        if nginx_ is not None and found is not nginx_:
            lines += [
                Line("  time by that of nginx", found[0] / nginx_[0], "x"),
                Line("  throughput by that of nginx", found[1] / nginx_[1], "x"),
            ]
    lines.append(Line("the plain loop over lupa, one at a time", loop, "ms"))
    if nginx_ is None:
        lines.append(Line("nginx with Lua is missing: apt-get install libnginx-mod-http-lua lua-cjson", 0, ""))
    show(title, lines)


def _looped(source: str, body: bytes) -> float:
    """Milliseconds of a call, JSON in and JSON out, in one VM of this process."""
    call = plain(source)
    times = []
    for _ in range(REQUESTS):
        begin = time.perf_counter()
        json.dumps(call(json.loads(body)))
        times.append(time.perf_counter() - begin)
    return median_ms(times)


def _measured(port: int, request: bytes) -> tuple[float, float]:
    rounds = []
    for _ in range(3):
        times = alone(port, request, REQUESTS // 3)
        many, seconds = together(port, request, connections=16, requests=REQUESTS)
        rounds.append((median_ms(times), len(many) / seconds))
    return sorted(rounds)[1]


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        skills = package(folder)
        data = str(folder / "data")
        with (
            kernel(skills, LUA__DIRECTORY=data) as (ours, _),
            kernel(skills, LUA__DIRECTORY=data, NAMESPACES__DEV__INSTANCES__REUSE="1000000") as (reused, _),
        ):
            if has_nginx():
                (folder / "nginx").mkdir()
                with nginx(folder / "nginx") as theirs:
                    _compare(ours, reused, theirs)
            else:
                _compare(ours, reused, None)


def _compare(ours: int, reused: int, theirs: int | None) -> None:
    compared("an entry of a Lua package that does nothing, over HTTP", ours, reused, theirs, "nothing", SMALL)
    title = f"an entry that decodes and encodes {len(LARGE):,} bytes of JSON, over HTTP"
    compared(title, ours, reused, theirs, "echo", LARGE)


if __name__ == "__main__":
    main()
