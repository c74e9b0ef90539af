"""The Helm chart, rendered by Helm."""

from __future__ import annotations

import copy
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from pharia_kernel.api.guard import OPEN as OPEN_ROUTES
from pharia_kernel.config import Settings, load_settings
from pharia_kernel.config.exposure import check_exposure
from pharia_kernel.config.units import parse_address

from .chart_values import EVERYTHING, KEYS, OPEN, container, environment, mounted, one
from .helm import CHART, Refused, lint, manifests

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((CHART / "values.schema.json").read_text())
DEFAULTS = yaml.safe_load((CHART / "values.yaml").read_text())
INSTALLATIONS = [
    pytest.param(KEYS, id="keys"),
    pytest.param(OPEN, id="open"),
    pytest.param(EVERYTHING, id="everything"),
]
OLDEST = ".".join(yaml.safe_load((CHART / "Chart.yaml").read_text())["kubeVersion"].strip(">=").split(".")[:2])


def settings_of(values: dict[str, Any], folder: Path) -> Settings:
    """What the kernel in the pod reads."""
    rendered = manifests(values)
    environ = environment(rendered, folder)
    option, file = container(rendered)["args"]
    assert option == "--config"
    assert mounted(rendered)["config"] == file
    return load_settings(folder / file.lstrip("/"), environ={"HOME": "/", **environ}, directory=folder)


def pod_of(values: dict[str, Any]) -> dict[str, Any]:
    return dict(one(manifests(values), "Deployment")["spec"]["template"]["spec"])


@pytest.mark.parametrize("values", INSTALLATIONS)
@pytest.mark.parametrize("version", [OLDEST, kubernetes_validate.latest_version()])
def test_a_cluster_accepts_what_is_rendered(values: dict[str, Any], version: str) -> None:
    assert lint(values) == []
    for manifest in manifests(values):
        if manifest["kind"] != "ServiceMonitor":  # of an extension
            kubernetes_validate.validate(manifest, version, strict=True)


def test_nobody_is_let_in_by_accident() -> None:
    with pytest.raises(Refused, match="nothing says who may call: set keysSecret"):
        manifests({})


@pytest.mark.parametrize("values", INSTALLATIONS)
def test_the_kernel_reads_its_settings_and_listens_in_the_pod(values: dict[str, Any], tmp_path: Path) -> None:
    settings = settings_of(values, tmp_path)
    assert settings.warnings == ()
    check_exposure(parse_address(settings.kernel_address)[0], settings)
    assert settings.kernel_address.endswith(f":{container(manifests(values))['ports'][0]['containerPort']}")


def test_values_become_settings(tmp_path: Path) -> None:
    settings = settings_of(EVERYTHING, tmp_path)
    found = settings.effective()
    assert found["openai-inference.token"].get_secret_value() == "secret"
    assert found["namespaces.team-1.registry-password"].get_secret_value() == "secret"
    expected = {
        "kernel-address": "[::]:8081",
        "metrics-address": "[::]:9100",
        "shutdown.delay-seconds": 5.0,
        "limits.grace-seconds": 60.0,
        "limits.memory-bytes": 256 * 1024**2,
        "images.cache-bytes": 1024**3,
        "memory-limit": 2 * 1024**3,
        "threads": 2,
        "embedded-documents.directory": Path("/var/lib/pharia-kernel/documents"),
        "document-index": "auto",
    }
    assert {key: found[key] for key in expected} == expected


def test_without_a_claim_documents_are_not_lost_with_a_pod(tmp_path: Path) -> None:
    assert settings_of(KEYS, tmp_path).document_index == "none"
    chosen = settings_of(KEYS | {"env": {"DOCUMENT_INDEX_URL": "https://documents.example.org"}}, tmp_path)
    assert chosen.document_index == "auto"


@pytest.mark.parametrize("key", ["kernel-address", "limits.grace-seconds", "shutdown.delay-seconds", "cache-dir"])
def test_a_setting_of_the_chart_is_set_in_one_place(key: str) -> None:
    variable = key.upper().replace("-", "_").replace(".", "__")
    for values in ({"config": f'{key} = "x"'}, {"env": {variable: "x"}}):
        with pytest.raises(Refused, match=f"{key} belongs to the chart"):
            manifests(KEYS | values)


def test_a_mistake_in_the_file_is_found_before_anything_is_installed() -> None:
    with pytest.raises(Refused, match="config is not TOML"):
        manifests(KEYS | {"config": "= 1"})


@pytest.mark.parametrize("values", INSTALLATIONS)
def test_pods_have_no_rights(values: dict[str, Any]) -> None:
    pod, kernel = pod_of(values), container(manifests(values))
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
    assert kernel["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


@pytest.mark.parametrize("values", INSTALLATIONS)
def test_what_the_kernel_writes_is_on_a_volume(values: dict[str, Any], tmp_path: Path) -> None:
    settings = settings_of(values, tmp_path)
    writable = [Path(at["mountPath"]) for at in container(manifests(values))["volumeMounts"] if not at.get("readOnly")]
    folders = [settings.cache_dir, Path("/tmp")]
    if settings.document_index == "auto" and settings.document_index_url is None:
        folders.append(settings.embedded_documents.directory or Path("/nowhere"))
    for folder in folders:
        assert any(folder.is_relative_to(place) for place in writable), folder


def test_probes_need_no_credentials() -> None:
    kernel = container(manifests(KEYS))
    paths = {name: kernel[name]["httpGet"]["path"] for name in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert paths == {"startupProbe": "/livez", "livenessProbe": "/livez", "readinessProbe": "/readyz"}
    assert set(paths.values()) <= OPEN_ROUTES


@pytest.mark.parametrize("values", INSTALLATIONS)
def test_a_pod_is_not_killed_before_its_calls_are_over(values: dict[str, Any], tmp_path: Path) -> None:
    settings = settings_of(values, tmp_path)
    needed = settings.shutdown.delay_seconds + settings.limits.grace_seconds + 15
    assert pod_of(values)["terminationGracePeriodSeconds"] == needed


def test_new_settings_make_new_pods_unless_the_kernel_looks_for_them() -> None:
    def noted(values: dict[str, Any]) -> Any:
        template = one(manifests(KEYS | values), "Deployment")["spec"]["template"]
        return (template["metadata"].get("annotations") or {}).get("checksum/config")

    assert noted({"config": 'log-level = "warn"'}) != noted({"config": 'log-level = "info"'})
    assert noted({"config": "config-reload-interval = 5"}) is None


def test_numbers_are_read_by_those_who_may() -> None:
    def policy(values: dict[str, Any]) -> list[Any]:
        return list(one(manifests(KEYS | values), "NetworkPolicy")["spec"]["ingress"])

    peers = EVERYTHING["networkPolicy"]["metricsFrom"]
    metrics = {"metrics": {"enabled": True}}
    assert [rule["ports"] for rule in policy(metrics)] == [[{"port": "http"}]]
    assert policy(metrics | {"networkPolicy": {"metricsFrom": peers}})[1] == {
        "from": peers,
        "ports": [{"port": "metrics"}],
    }
    assert all(rule["from"] for rule in policy(EVERYTHING))


def test_pods_do_not_reach_the_credentials_of_their_node() -> None:
    rules = one(manifests(KEYS), "NetworkPolicy")["spec"]["egress"]
    blocks = [peer["ipBlock"] for rule in rules for peer in rule.get("to", [])]
    assert [block["except"][0] for block in blocks] == ["169.254.0.0/16", "fe80::/10"]
    assert [rule["ports"] for rule in rules if "to" not in rule] == [
        [{"port": 53, "protocol": at} for at in ("UDP", "TCP")]
    ]


def test_prometheus_finds_the_numbers() -> None:
    rendered = manifests(EVERYTHING)
    (endpoint,) = one(rendered, "ServiceMonitor")["spec"]["endpoints"]
    ports = {port["name"]: port["targetPort"] for port in one(rendered, "Service")["spec"]["ports"]}
    named = {port["name"]: port["containerPort"] for port in container(rendered)["ports"]}
    assert endpoint["port"] in ports
    assert named[ports[endpoint["port"]]] == 9100


def test_every_selector_finds_the_pods() -> None:
    rendered = manifests(EVERYTHING)
    labels = one(rendered, "Deployment")["spec"]["template"]["metadata"]["labels"].items()
    for kind, field in (
        ("Deployment", "selector"),
        ("PodDisruptionBudget", "selector"),
        ("NetworkPolicy", "podSelector"),
    ):
        assert one(rendered, kind)["spec"][field]["matchLabels"].items() <= labels
    assert one(rendered, "Service")["spec"]["selector"].items() <= labels


def test_an_autoscaler_has_the_number_of_pods_to_itself() -> None:
    assert "replicas" not in one(manifests(EVERYTHING), "Deployment")["spec"]
    assert one(manifests(KEYS), "Deployment")["spec"]["replicas"] == 2


def test_parts_that_are_switched_off_are_not_there() -> None:
    off = {"networkPolicy": {"enabled": False}, "podDisruptionBudget": {"enabled": False}}
    kinds = {manifest["kind"] for manifest in manifests(KEYS | off | {"serviceAccount": {"name": "own"}})}
    assert kinds == {"ConfigMap", "Deployment", "Service"}


def test_the_image_is_that_of_the_version() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    project = tomllib.loads((ROOT / "packages" / "kernel" / "pyproject.toml").read_text())["project"]
    assert chart["appVersion"] == project["version"]
    assert container(manifests(KEYS))["image"] == f"pharia-kernel:{project['version']}"
    assert container(manifests(EVERYTHING))["image"] == f"registry.example.org/ai/kernel@sha256:{'a' * 64}"


def tables(schema: Any, values: Any, path: str = "values") -> Iterator[tuple[str, Any, Any]]:
    """Path, schema and default of every table with fixed keys."""
    schema = SCHEMA["definitions"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    if "properties" in schema and isinstance(values, dict):
        yield path, schema, values
        for key, inner in schema["properties"].items():
            yield from tables(inner, values.get(key), f"{path}.{key}")


def test_every_value_is_described_and_has_a_default() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    jsonschema.validate(DEFAULTS, SCHEMA)
    for path, schema, values in tables(SCHEMA, DEFAULTS):
        assert schema["additionalProperties"] is False, path
        if not path.startswith("values.resources."):
            assert schema["properties"].keys() - {"global"} == values.keys(), path


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("replica", 3),
        ("replicas", "3"),
        ("image.registry", "x"),
        ("image.digest", "sha256:1"),
        ("metrics.port", 8081),
        ("networkPolicy.from", [{}]),
        ("env", {"OPENAI_INFERENCE__TOKEN": "in the clear"}),
        ("env", {"log-level": "info"}),
        ("secrets", [{"setting": "openai-inference.token", "secret": "x"}]),
        ("extraVolumes", [{"name": "config"}]),
        ("resources.limits.gpu", "1"),
        ("podDisruptionBudget.maxUnavailable", 0),
        ("gracePeriodSeconds", 0),
    ],
)
def test_a_wrong_value_is_refused(path: str, value: Any) -> None:
    values: Any = copy.deepcopy(KEYS)
    table = values
    *outer, last = path.split(".")
    for part in outer:
        table = table.setdefault(part, {})
    table[last] = value
    named = next(iter(value)) if path == "env" else path.split(".")[0]
    with pytest.raises(Refused, match=named):
        manifests(values)
