"""Where the interface is found."""

from __future__ import annotations

from starlette.routing import BaseRoute, Route

from pharia_kernel.api.csi.endpoints import CallFunction, OpenStream
from pharia_kernel.api.csi.functions import FUNCTIONS, STREAMS
from pharia_kernel.api.csi.legacy import LegacyCsi
from pharia_kernel.api.service import Service
from pharia_kernel.config import LimitSettings


def csi_routes(kernel: Service, limits: LimitSettings) -> list[BaseRoute]:
    calls = [
        Route(f"/csi/{version}/{name}", CallFunction(kernel, limits, function), methods=["POST"])
        for version, functions in FUNCTIONS.items()
        for name, function in functions.items()
    ]
    streams = [
        Route(f"/csi/{version}/{name}", OpenStream(kernel, limits, stream), methods=["POST"])
        for version, functions in STREAMS.items()
        for name, stream in functions.items()
    ]
    return [*calls, *streams, Route("/csi", LegacyCsi(kernel, limits), methods=["POST"])]
