"""Hosts that write down what a real one answers, and that answer from what was written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from luaskills.testing.host import Callback, HostCall, bare
from luaskills.testing.recording import hidden
from luaskills.testing.script import shown
from luaskills.types import Json


class RecordingHost:
    """Passes requests on to the callbacks of a real host and keeps what they answered in :attr:`calls`."""

    def __init__(self, real: Mapping[str, Callback]) -> None:
        self._real = dict(real)
        self._calls: list[HostCall] = []

    @property
    def callbacks(self) -> Mapping[str, Callback]:
        """The same that the real host has."""
        return {to: partial(self._ask, to) for to in self._real}

    @property
    def calls(self) -> list[HostCall]:
        """What was asked so far, in order."""
        return list(self._calls)

    def problems(self) -> list[str]:
        """None: whatever comes is right."""
        return []

    def _ask(self, to: str, request: Json) -> Json:
        try:
            answer = self._real[to](request)
        except Exception as error:
            self._keep(to, request, None, str(error))
            raise
        self._keep(to, request, answer, None)
        return answer

    def _keep(self, to: str, request: Json, answer: Json, error: str | None) -> None:
        self._calls.append(HostCall(to, bare(to, request), answer, error))


class ReplayHost:
    """Answers from a recording. Requests must come as they were recorded, in that order."""

    def __init__(self, recorded: Sequence[HostCall]) -> None:
        self._recorded = list(recorded)
        self._calls: list[HostCall] = []
        self._problems: list[str] = []

    @property
    def callbacks(self) -> Mapping[str, Callback]:
        """Those that the recording has calls of."""
        return {to: partial(self._answer, to) for to in sorted({call.to for call in self._recorded})}

    @property
    def calls(self) -> list[HostCall]:
        """What was asked so far, in order."""
        return list(self._calls)

    def problems(self) -> list[str]:
        """Requests that differ from the recording, and recorded ones that did not come."""
        rest = self._recorded[len(self._calls) :]
        missing = [f"recorded, but not asked: {call.to} {shown(call.request)}" for call in rest]
        return [*self._problems, *([] if self._problems else missing)]

    def _answer(self, to: str, request: Json) -> Json:
        asked, number = bare(to, request), len(self._calls)
        recorded = self._recorded[number] if number < len(self._recorded) else None
        if recorded is None or recorded.to != to or recorded.request != hidden(asked):
            problem = f"request {number + 1} is not the recorded one: the skill asked {to} {shown(asked)}"
            problem += ", and no more is recorded" if recorded is None else f", recorded is {recorded.to} "
            problem += "" if recorded is None else shown(recorded.request)
            self._problems.append(problem)
            self._calls.append(HostCall(to, asked, error=problem))
            raise LookupError(problem)
        self._calls.append(recorded)
        if recorded.error is not None:
            raise RuntimeError(recorded.error)
        return recorded.answer
