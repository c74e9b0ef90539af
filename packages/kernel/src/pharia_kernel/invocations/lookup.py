"""The version of a skill that answers a call: found within a span, its wait measured."""

from __future__ import annotations

import time

from opentelemetry.trace import Tracer

from pharia_kernel.csi.span import operation_span
from pharia_kernel.errors import InvalidNamespace, NamespaceNotFound, SkillNotFound
from pharia_kernel.skills.store import SkillStore
from pharia_kernel.skills.version import Lease
from pharia_kernel.telemetry.metric_names import OTHER
from pharia_kernel.telemetry.metrics import Metrics
from pharia_kernel.types import SkillPath


async def found(store: SkillStore, path: SkillPath, tracer: Tracer, metrics: Metrics) -> Lease:
    """Raises what :meth:`~pharia_kernel.skills.store.SkillStore.lookup` raises."""
    began = time.perf_counter()
    namespace, name = path.namespace, path.name
    try:
        with operation_span(tracer, "load_skill", {}):
            return await store.lookup(path)
    except (InvalidNamespace, NamespaceNotFound, SkillNotFound):  # whoever asks could make up names without end
        namespace = name = OTHER
        raise
    finally:
        metrics.fetched(namespace, name, time.perf_counter() - began)
