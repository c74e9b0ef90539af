"""What a kernel consists of, for those who must know."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

SCRIPT = Path(__file__).parents[2] / "deploy" / "sbom.py"


@pytest.fixture(scope="module")
def sbom() -> ModuleType:
    spec = importlib.util.spec_from_file_location("sbom", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def project(sbom: ModuleType) -> dict[str, Any]:
    return dict(tomllib.loads(sbom.PROJECT.read_text())["project"])


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the command writes."""
    file = tmp_path_factory.mktemp("sbom") / "build" / "kernel.cdx.json"
    tool = Path(sys.prefix, "bom", "bin", "cyclonedx-py")
    subprocess.run([sys.executable, SCRIPT, "--cyclonedx", tool, file], check=True, capture_output=True, timeout=100)
    return dict(json.loads(file.read_text()))


def test_every_dependency_is_named_with_its_version(document: dict[str, Any], project: dict[str, Any]) -> None:
    versions = {canonicalize_name(one["name"]): one["version"] for one in document["components"]}
    requirements = map(Requirement, project["dependencies"])
    for name in (one.name for one in requirements if one.marker is None or one.marker.evaluate()):
        assert versions[canonicalize_name(name)] == version(name)
    assert versions["pharia-kernel"] == project["version"]


def test_what_dependencies_need_is_named_too(document: dict[str, Any]) -> None:
    edges = {edge["ref"].split("==")[0]: edge.get("dependsOn", []) for edge in document["dependencies"]}
    assert f"yarl=={version('yarl')}" in edges["aiohttp"]
    references = {one["bom-ref"] for one in document["components"]}
    assert {ref for refs in edges.values() for ref in refs} <= references


def test_what_only_developers_need_is_not(document: dict[str, Any]) -> None:
    assert not {"pytest", "mypy", "cyclonedx-bom"} & {one["name"] for one in document["components"]}


def test_licences_are_named(document: dict[str, Any]) -> None:
    without = [one["name"] for one in document["components"] if not one.get("licenses")]
    assert len(without) < len(document["components"]) / 4, without


def test_extras_bring_what_they_need(sbom: ModuleType, project: dict[str, Any]) -> None:
    assert "tokenizers" in sbom.needed(project, ["chunking"]) - sbom.needed(project, [])
    with pytest.raises(KeyError, match="no-such-extra"):
        sbom.needed(project, ["no-such-extra"])


def test_every_package_of_the_image_has_a_pinned_version(sbom: ModuleType, project: dict[str, Any]) -> None:
    (extras,) = re.findall(r"^ARG EXTRAS=(\S+)", (SCRIPT.parent / "Containerfile").read_text(), re.MULTILINE)
    lines = (SCRIPT.parents[1] / "constraints.txt").read_text().splitlines()
    pinned = {canonicalize_name(line.split("==")[0]) for line in lines if "==" in line}
    ours = {"pharia-kernel", "pharia-assets", "luaskills-sdk"}
    assert sorted(sbom.needed(project, extras.split(",")) - pinned - ours - {"pip"}) == []
