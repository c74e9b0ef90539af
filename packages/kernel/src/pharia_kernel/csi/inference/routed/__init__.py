"""Several backends at once: routes by the name of the model, aliases, fall-backs, limits."""

from pharia_kernel.csi.inference.routed.backend import RoutedBackend
from pharia_kernel.csi.inference.routed.breaker import BreakerOptions, CircuitBreaker
from pharia_kernel.csi.inference.routed.guarded import GuardedBackend
from pharia_kernel.csi.inference.routed.routes import Route, Routes

__all__ = ["BreakerOptions", "CircuitBreaker", "GuardedBackend", "Route", "RoutedBackend", "Routes"]
