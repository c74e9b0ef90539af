"""Values that installations may have, and what becomes of them in a pod."""

from __future__ import annotations

from pathlib import Path
from typing import Any

KEYS = {"keysSecret": {"name": "keys"}}
"""The least that renders."""

OPEN = {"config": '[access]\nmode = "none"\nallow-everybody = true\n'}

JWT = """
log-level = "warn"
config-reload-interval = "5s"
document-index-url = "https://documents.example.org"

[access.jwt]
issuer = "https://login.example.org"
audience = ["kernel"]

[[access.jwt.grants]]
claim = "groups"
value = "ai-*"
namespaces = ["{}"]

[openai-inference]
url = "https://models.example.org/v1"

[namespaces.team-1]
registry = "registry.example.org"
registry-user = "bot"
skills = [{ name = "summarise" }]
"""

EVERYTHING: dict[str, Any] = {
    "config": JWT,
    "image": {"repository": "registry.example.org/ai/kernel", "digest": "sha256:" + "a" * 64, "pullPolicy": "Always"},
    "imagePullSecrets": [{"name": "pull"}],
    "env": {"LIMITS__MEMORY_BYTES": "256MiB", "LOG_FORMAT": "json"},
    "secrets": [
        {"setting": "openai-inference.token", "secret": "inference", "key": "token"},
        {"setting": "namespaces.team-1.registry-password", "secret": "registry", "key": "password"},
    ],
    "secretEnv": [{"name": "OTEL_EXPORTER_OTLP_HEADERS", "secret": "collector", "key": "headers"}],
    "registrySecret": "docker",
    "gracePeriodSeconds": 60,
    "drainSeconds": 5,
    "resources": {"requests": {"cpu": "500m", "memory": "1Gi"}, "limits": {"cpu": "2", "memory": "2Gi"}},
    "cache": {"volume": {"hostPath": {"path": "/var/cache/kernel"}}, "imageBytes": "1GiB"},
    "documents": {"existingClaim": "documents"},
    "extraVolumes": [{"name": "skills", "configMap": {"name": "skills"}}],
    "extraVolumeMounts": [{"name": "skills", "mountPath": "/app/skills", "readOnly": True}],
    "listenHost": "[::]",
    "service": {"type": "LoadBalancer", "port": 80, "annotations": {"a": "b"}},
    "metrics": {
        "enabled": True,
        "port": 9100,
        "serviceMonitor": {"enabled": True, "interval": "15s", "labels": {"release": "prometheus"}},
    },
    "networkPolicy": {
        "from": [{"namespaceSelector": {"matchLabels": {"name": "ingress"}}}],
        "metricsFrom": [{"namespaceSelector": {"matchLabels": {"name": "monitoring"}}}],
        "egress": [{"to": [{"podSelector": {"matchLabels": {"app": "collector"}}}], "ports": [{"port": 4318}]}],
    },
    "podDisruptionBudget": {"maxUnavailable": "25%"},
    "autoscaling": {"enabled": True, "minReplicas": 3, "maxReplicas": 9, "targetCPUUtilizationPercentage": 60},
    "serviceAccount": {"annotations": {"a": "b"}},
    "podAnnotations": {"a": "b"},
    "podLabels": {"team": "ai"},
    "nodeSelector": {"kubernetes.io/arch": "amd64"},
    "tolerations": [{"key": "ai", "operator": "Exists"}],
    "affinity": {"nodeAffinity": {}},
    "topologySpreadConstraints": [
        {
            "maxSkew": 1,
            "topologyKey": "kubernetes.io/hostname",
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": {"app.kubernetes.io/name": "pharia-kernel"}},
        }
    ],
    "priorityClassName": "important",
}
"""Every value set."""

RESOURCES = {"requests.memory": "1073741824", "limits.memory": "2147483648", "limits.cpu": "2"}


def one(manifests: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    (found,) = [manifest for manifest in manifests if manifest["kind"] == kind]
    return found


def container(manifests: list[dict[str, Any]]) -> dict[str, Any]:
    (found,) = one(manifests, "Deployment")["spec"]["template"]["spec"]["containers"]
    return dict(found)


def environment(manifests: list[dict[str, Any]], folder: Path) -> dict[str, str]:
    """Variables of the kernel's container; what is mounted there is in ``folder``, and every secret is ``secret``."""
    found = {}
    for variable in container(manifests)["env"]:
        source = variable.get("valueFrom", {})
        if "resourceFieldRef" in source:
            found[variable["name"]] = RESOURCES[source["resourceFieldRef"]["resource"]]
        elif "secretKeyRef" in source:
            found[variable["name"]] = "secret"
        else:
            found[variable["name"]] = variable["value"]
    for name, path in mounted(manifests).items():
        place = folder / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(one(manifests, "ConfigMap")["data"][place.name] if name == "config" else "secret\n")
        found = {key: value.replace(path, str(place)) for key, value in found.items()}
    return found


def mounted(manifests: list[dict[str, Any]]) -> dict[str, str]:
    """Paths of the files in volumes, by volume and where there are several with a number."""
    pod = one(manifests, "Deployment")["spec"]["template"]["spec"]
    at = {mount["name"]: mount["mountPath"] for mount in container(manifests)["volumeMounts"]}
    found = {}
    for volume in pod["volumes"]:
        if volume["name"] == "config":
            found["config"] = f"{at['config']}/config.toml"
        sources = [volume] if "secret" in volume else volume.get("projected", {}).get("sources", [])
        items = [item for source in sources for item in source["secret"]["items"]]
        for number, item in enumerate(items):
            found[f"{volume['name']} {number}"] = f"{at[volume['name']]}/{item['path']}"
    return found
