"""The page for operators says what there is."""

from __future__ import annotations

import re
import shlex
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from pharia_kernel.config.known import FIELDS, pattern, secret_of_file

from ..deploy.chart_values import container
from ..deploy.helm import CHART, manifests
from .command_line import commands

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operators.md").read_text()
LINES = [
    line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.replace("\\\n", "").splitlines()
]


def table(heading: str) -> list[list[str]]:
    section = PAGE.split(f"# {heading}\n")[1].split("\n## ")[0]
    return [re.split(r"\s*\|\s*", line.strip("| ")) for line in section.splitlines() if line.startswith("|")][2:]


def test_every_extra_is_explained() -> None:
    project = tomllib.loads((ROOT / "packages" / "kernel" / "pyproject.toml").read_text())["project"]
    assert [row[0].strip("`") for row in table("Install")] == sorted(project["optional-dependencies"])


@pytest.mark.parametrize("line", [line for line in LINES if line.startswith("pharia-kernel")])
def test_commands_of_the_page_exist(line: str) -> None:
    words = shlex.split(line)
    options = {word for word in words if word.startswith("--")}
    command = dict(commands())[" ".join(word for word in words if word not in options)]
    assert options <= {option for one in command.params for option in one.opts}


@pytest.mark.parametrize(
    "line", [line for line in LINES if " build " in line or "helm install" in line or "pip install" in line]
)
def test_paths_of_the_page_exist(line: str) -> None:
    paths = re.findall(r"(?:deploy|packages)/[\w/-]+\w|\bconstraints\.txt", line)
    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_values_of_the_page_render() -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    names = [variable["name"] for variable in container(manifests(yaml.safe_load(text)))["env"]]
    assert "NAMESPACES__FINANCE__REGISTRY_PASSWORD_FILE" in names


def test_targets_of_the_page_can_be_made() -> None:
    targets = set(re.findall(r"`make (\w+)`", PAGE))
    assert targets == {"sbom", "bench"}
    for target in targets:
        done = subprocess.run(["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("key", sorted(set(re.findall(r"`([a-z]+(?:-[a-z]+)*\.[a-z]+(?:-[a-z]+)*)`", PAGE))))
def test_settings_of_the_page_exist(key: str) -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    table, _, name = key.partition(".")
    assert key in FIELDS or name in values.get(table, {}) or (ROOT / key).exists() or key == "config.toml", key


def test_the_files_of_secrets_are_named_as_the_page_says() -> None:
    for variable, secret in re.findall(r"`([A-Z_]+)=\S+` for `([A-Z_]+)`", PAGE):
        path = tuple(part.lower().replace("_", "-") for part in variable.split("__"))
        found = secret_of_file(path)
        assert found is not None
        assert pattern(found) == secret.lower().replace("__", ".").replace("_", "-")
