"""Where the parts of the kernel tell their numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pharia_kernel.telemetry.metric_names import OTHER, Metric
from pharia_kernel.telemetry.numbers import Numbers, encoded

__all__ = ["OTHER", "Metrics"]


class Metrics:
    """Takes numbers that nobody wants; :class:`~pharia_kernel.telemetry.prometheus.PrometheusMetrics` keeps them.

    Durations are seconds.
    """

    def answered(self, method: str, path: str, status: int, seconds: float) -> None:
        """``path`` is the pattern of the route; empty where there is none."""

    def executed(self, namespace: str, name: str, status: str, seconds: float) -> None:
        """``status``: ``ok``, ``logic_error`` for faults of skill and caller, ``runtime_error``, ``cancelled``."""

    def fetched(self, namespace: str, name: str, seconds: float) -> None:
        """Both are :data:`OTHER` for a skill that is not there."""

    def asked(self, function: str, count: int = 1) -> None:
        """A skill asks for something."""

    def asked_in_vain(self, function: str, code: str) -> None:
        """``code`` is that of a :class:`~pharia_kernel.errors.KernelError`."""

    def used(self, model: str, input_tokens: int, output_tokens: int) -> None:
        """By the name that the skill asked for."""

    def first_token(self, model: str, seconds: float) -> None: ...

    def spent(self, namespace: str, caller: str, status: str, seconds: float) -> None:
        """Of one call; ``status``: ``ok``, ``failed``, or ``refused`` for want of quota."""

    def spent_tokens(self, namespace: str, caller: str, model: str, input_tokens: int, output_tokens: int) -> None:
        """Of one request to a model."""

    def lost_spans(self, count: int) -> None:
        """May be called on any thread."""

    def watch(self, gauges: Mapping[Metric, Callable[[], float]]) -> None:
        """Ask these on the event loop whenever somebody wants to know, instead of those before."""

    async def numbers(self) -> list[Numbers]:
        """As of now; nothing where nobody wants them."""
        return []

    async def encoded(self) -> bytes:
        """For :func:`~pharia_kernel.telemetry.numbers.decoded` in another process."""
        return encoded(await self.numbers())
