"""Write which packages a kernel consists of, in the form of CycloneDX.

    python deploy/sbom.py --extras jwt,mcp --cyclonedx .venv/bom/bin/cyclonedx-py build/pharia-kernel.cdx.json

Looks at the packages of the Python that runs it, and leaves out those that the kernel does not need.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping
from importlib.metadata import requires
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).parents[1] / "packages" / "kernel" / "pyproject.toml"

Part = tuple[str, str]
"""Name of a package, and an extra of it or nothing."""


def needed(project: Mapping[str, Any], extras: Iterable[str]) -> set[str]:
    """Names of the packages that a project is made of, itself included; ``project`` is the table of its pyproject.toml.

    Raises :class:`importlib.metadata.PackageNotFoundError` for what should be installed and is not, and
    :class:`KeyError` for an extra that the project does not have.
    """
    own = [*project["dependencies"], *(text for extra in extras for text in project["optional-dependencies"][extra])]
    left = [part for text in own for part in _parts(text)]
    seen: set[Part] = set()
    while left:
        part = left.pop()
        if part not in seen:
            seen.add(part)
            left += [further for text in requires(part[0]) or () for further in _parts(text, part[1])]
    return {canonicalize_name(project["name"]), *(name for name, _ in seen)}


def _parts(text: str, extra: str = "") -> list[Part]:
    """What a requirement means here, if it was asked for with this extra."""
    requirement = Requirement(text)
    if requirement.marker is not None and not requirement.marker.evaluate({"extra": extra}):
        return []
    return [(canonicalize_name(requirement.name), more) for more in ("", *requirement.extras)]


def bill(names: set[str], cyclonedx: Path) -> dict[str, Any]:
    """Of the installed packages with these names."""
    options = ["--output-reproducible", "--no-validate"]  # which takes long for what is left out again
    command = [str(cyclonedx), "environment", *options, sys.executable]
    whole: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, timeout=300).stdout)
    kept = [one for one in whole["components"] if canonicalize_name(one["name"]) in names]
    references = {one["bom-ref"] for one in kept}
    edges = [
        {**edge, "dependsOn": [ref for ref in edge.get("dependsOn", ()) if ref in references]}
        for edge in whole["dependencies"]
        if edge["ref"] in references
    ]
    return {**whole, "components": kept, "dependencies": edges}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("output", type=Path)
    parser.add_argument("--extras", default="", help="of the package, with commas between them")
    parser.add_argument("--cyclonedx", type=Path, required=True, help="the program of cyclonedx-bom")
    given = parser.parse_args()
    project = tomllib.loads(PROJECT.read_text())["project"]
    document = bill(needed(project, filter(None, given.extras.split(","))), given.cyclonedx)
    given.output.parent.mkdir(parents=True, exist_ok=True)
    given.output.write_text(json.dumps(document, indent=2) + "\n")
    print(f"{given.output}: {len(document['components'])} packages")


if __name__ == "__main__":
    main()
