"""Runs of skills."""

from pharia_kernel.invocations.events import EventQueue
from pharia_kernel.invocations.invocations import Answer, CallLimits, CsiFactory, EventStream, Invocations
from pharia_kernel.invocations.nested import NestedCalls, NestedLimits

__all__ = [
    "Answer",
    "CallLimits",
    "CsiFactory",
    "EventQueue",
    "EventStream",
    "Invocations",
    "NestedCalls",
    "NestedLimits",
]
