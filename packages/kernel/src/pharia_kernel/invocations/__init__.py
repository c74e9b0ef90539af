"""Runs of skills."""

from pharia_kernel.invocations.events import EventQueue
from pharia_kernel.invocations.invocations import Answer, CallLimits, CsiFactory, EventStream, Invocations

__all__ = ["Answer", "CallLimits", "CsiFactory", "EventQueue", "EventStream", "Invocations"]
