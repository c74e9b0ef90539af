"""The command that installs a runtime."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence

from luaskills.errors import EngineError
from luaskills.install_runtime import assets
from luaskills.install_runtime.assets import RuntimeEngine, build_runtime_install_manifest
from luaskills.install_runtime.database import RuntimeDatabasePreset
from luaskills.install_runtime.install import install_runtime_assets

BASE_URL_VARIABLE = "LUASKILLS_DOWNLOAD_BASE_URL"
_VERSIONS = {
    "luaskills": assets.LUASKILLS_VERSION,
    "lua-runtime": None,
    "vldb-controller": assets.VLDB_CONTROLLER_VERSION,
    "vldb-sqlite": assets.VLDB_SQLITE_VERSION,
    "vldb-lancedb": assets.VLDB_LANCEDB_VERSION,
}
_REPOSITORIES = {
    "luaskills": assets.LUASKILLS_REPO,
    "lua-runtime": None,
    "vldb-controller": assets.VLDB_CONTROLLER_REPO,
    "vldb-sqlite": assets.VLDB_SQLITE_REPO,
    "vldb-lancedb": assets.VLDB_LANCEDB_REPO,
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add every option but ``--runtime-root``, which command lines may have for all their commands."""
    databases = [preset.value for preset in RuntimeDatabasePreset]
    parser.add_argument("--database", choices=databases, default="none", help="how skills reach their databases")
    parser.add_argument("--dry-run", action="store_true", help="print the manifest and do nothing")
    parser.add_argument(
        "--engine",
        choices=[engine.value for engine in RuntimeEngine],
        help="builtin downloads nothing; native fetches the released library (default: builtin; --dry-run: native)",
    )
    parser.add_argument("--skip-lua-runtime", action="store_true", help="leave out the Lua runtime packages")
    parser.add_argument("--skip-luaskills-ffi", action="store_true", help="leave out the native library")
    for name, version in _VERSIONS.items():
        parser.add_argument(f"--{name}-version", default=version, metavar="TAG")
    for name, repository in _REPOSITORIES.items():
        parser.add_argument(f"--{name}-repo", default=repository, metavar="OWNER/REPO")
    parser.add_argument(
        "--base-url",
        default=os.environ.get(BASE_URL_VARIABLE) or assets.BASE_URL,
        metavar="URL",
        help=f"site of the repositories (default: {BASE_URL_VARIABLE}, else {assets.BASE_URL})",
    )
    parser.add_argument("--offline-mirror", metavar="DIR", help="directory with the assets, in place of the network")


def run(arguments: argparse.Namespace, runtime_root: str) -> str:
    """Install or plan as asked, and give what to print; raises ValueError, OSError, EngineError."""
    options = [f"{name}-version" for name in _VERSIONS] + [f"{name}-repo" for name in _REPOSITORIES]
    do = build_runtime_install_manifest if arguments.dry_run else install_runtime_assets
    manifest = do(
        runtime_root=runtime_root,
        database=arguments.database,
        include_lua_runtime=not arguments.skip_lua_runtime,
        include_luaskills_ffi=not arguments.skip_luaskills_ffi,
        engine=arguments.engine,
        base_url=arguments.base_url,
        offline_mirror=arguments.offline_mirror,
        **{name.replace("-", "_"): getattr(arguments, name.replace("-", "_")) for name in options},
    )
    return json.dumps(manifest, indent=2, ensure_ascii=False)


def main(argv: Sequence[str] | None = None) -> int:
    """Print the manifest; 0, or 1 with the reason on standard error. Wrong usage exits with 2."""
    parser = argparse.ArgumentParser(prog="luaskills install-runtime", description=__doc__)
    parser.add_argument(
        "--runtime-root",
        default=os.path.join(os.getcwd(), "luaskills-runtime"),
        metavar="DIR",
        help="where to install (default: luaskills-runtime in the working directory)",
    )
    add_arguments(parser)
    arguments = parser.parse_args(argv)
    try:
        text = run(arguments, arguments.runtime_root)
    except (ValueError, OSError, EngineError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(text)
    return 0
