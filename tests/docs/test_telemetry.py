"""The metrics that dashboards and documentation name are those the kernel has."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from pharia_kernel.config import Settings
from pharia_kernel.telemetry.metric_names import COUNTED, GAUGES, PROCESS

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "telemetry.md").read_text()
DASHBOARDS = sorted((ROOT / "deploy" / "grafana").glob("*.json"))
LABELS = {metric.name: set(metric.labels) for metric in (*COUNTED, *GAUGES)} | {name: set() for name in PROCESS}
KINDS = {metric.name: metric.kind for metric in (*COUNTED, *GAUGES)}
SERIES = {
    f"{name}{suffix}": name
    for name in LABELS
    for suffix in (("_bucket", "_count", "_sum") if KINDS.get(name) == "histogram" else ("",))
}
METRIC = re.compile(r"\b(?:kernel|process)_[a-z_]+")
CHOSEN = re.compile(r"\b((?:kernel|process)_[a-z_]+)\{([^}]*)\}")
OF_PROMETHEUS = {"job", "instance"}


def expressions(part: Any) -> list[str]:
    """Every query of a dashboard."""
    if isinstance(part, list):
        return [one for inner in part for one in expressions(inner)]
    if not isinstance(part, dict):
        return []
    own = [value for key, value in part.items() if key in ("expr", "query") and isinstance(value, str)]
    return own + [one for inner in part.values() for one in expressions(inner)]


QUERIES = [query for file in DASHBOARDS for query in expressions(json.loads(file.read_text()))]


def test_every_metric_is_documented_and_no_other() -> None:
    rows = re.findall(r"^\| `((?:kernel|process)_\w+)` \| (\w+) \| ([^|]*)\|", GUIDE, re.MULTILINE)
    assert {name for name, _, _ in rows} == LABELS.keys()
    before: set[str] = set()
    for name, kind, cell in rows:
        before = before if cell.strip() == "same" else set(re.findall(r"`(\w+)`", cell))
        assert before == LABELS[name], name
        assert kind == KINDS.get(name, "counter" if name.endswith("_total") else "gauge"), name


def test_every_metric_of_the_dashboards_exists() -> None:
    named = {name for query in QUERIES for name in METRIC.findall(query)}
    # in queries for the values of a label, a metric stands without the suffix of its series
    assert named <= SERIES.keys() | LABELS.keys()
    assert not named & {name for name, kind in KINDS.items() if kind == "histogram"}


def test_every_metric_is_on_a_dashboard() -> None:
    named = {SERIES[name] for query in QUERIES for name in METRIC.findall(query) if name in SERIES}
    assert named == LABELS.keys()


@pytest.mark.parametrize("query", [query for query in QUERIES if METRIC.search(query)])
def test_dashboards_choose_and_group_by_labels_that_the_metrics_have(query: str) -> None:
    named = [SERIES.get(name, name) for name in METRIC.findall(query)]
    known = set.union(*(LABELS[name] for name in named)) | OF_PROMETHEUS | {"le"}
    for name, chosen in CHOSEN.findall(query):
        assert set(re.findall(r"(\w+)\s*[!=]~?", chosen)) <= LABELS[SERIES.get(name, name)] | OF_PROMETHEUS
    for group in re.findall(r"by \(([^)]*)\)", query):
        assert {label.strip() for label in group.split(",")} <= known


def test_dashboards_are_told_apart() -> None:
    boards = [json.loads(file.read_text()) for file in DASHBOARDS]
    assert len({board["uid"] for board in boards}) == len(boards) == 2
    for board in boards:
        ids = [panel["id"] for panel in board["panels"]]
        assert len(set(ids)) == len(ids)


def test_the_samples_are_settings() -> None:
    samples = re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL)
    assert samples
    for sample in samples:
        Settings.model_validate(tomllib.loads(sample))
