"""Skills that skills may call."""

from __future__ import annotations

from dataclasses import replace

from opentelemetry.trace import Tracer

from pharia_kernel.config import Settings
from pharia_kernel.csi.bound import Drivers
from pharia_kernel.csi.tools import SkillTools, Toolbox
from pharia_kernel.csi.tools.skills import Choice
from pharia_kernel.invocations.nested import NestedCalls, NestedCsiFactory, NestedLimits
from pharia_kernel.quotas import Quotas
from pharia_kernel.skills import SkillStore
from pharia_kernel.usage import UsageBook


def with_skill_tools(
    settings: Settings,
    drivers: Drivers,
    store: SkillStore,
    csi: NestedCsiFactory,
    tracer: Tracer,
    quotas: Quotas | None = None,
    usage: UsageBook | None = None,
) -> tuple[Drivers, SkillTools | None]:
    """The same drivers, where skills come before other tools of their names; None where no skill may call another."""
    choices = skill_tool_choices(settings)
    if not choices:
        return drivers, None
    limits = NestedLimits(
        input_bytes=settings.limits.input_bytes,
        depth=settings.skill_tools.depth,
        concurrent_calls=settings.skill_tools.concurrent_calls,
        queued_calls=settings.limits.queued_calls,
    )
    skills = SkillTools(choices, NestedCalls(store, csi, limits, tracer, drivers.metrics, quotas, usage), limits.depth)
    return replace(drivers, tools=Toolbox([skills, drivers.tools])), skills


def skill_tool_choices(settings: Settings) -> dict[str, Choice]:
    """By namespace."""
    return {name: namespace.skill_tools for name, namespace in settings.namespaces.items() if namespace.skill_tools}


def nested_instances(settings: Settings) -> int:
    """How many instances calls within calls can need at the same time."""
    if not skill_tool_choices(settings):
        return 0
    return settings.skill_tools.depth * settings.skill_tools.concurrent_calls
