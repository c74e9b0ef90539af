"""Which tools each namespace has."""

from __future__ import annotations

from pharia_kernel.config import Settings
from pharia_kernel.config.mcp import McpServerSettings, SecretSettings
from pharia_kernel.csi.tools import NativeTools
from pharia_kernel.csi.tools.mcp import HttpServer, McpOptions, McpServer, McpTools, Secret, StdioServer
from pharia_kernel.telemetry.propagation import trace_headers


def native_tools(settings: Settings) -> NativeTools:
    return NativeTools({name: namespace.native_tools for name, namespace in settings.namespaces.items()})


def mcp_tools(settings: Settings) -> McpTools:
    limits = settings.mcp
    options = McpOptions(
        call_seconds=limits.call_seconds,
        connect_seconds=limits.connect_seconds,
        refresh_seconds=limits.refresh_seconds,
        text_bytes=limits.text_bytes,
    )
    return McpTools(
        {name: [mcp_server(one) for one in namespace.mcp_servers] for name, namespace in settings.namespaces.items()},
        options,
        taken={name: namespace.native_tools for name, namespace in settings.namespaces.items()},
        trace_headers=trace_headers,
    )


def mcp_server(settings: McpServerSettings) -> McpServer:
    secrets = tuple((name, _secret(secret)) for name, secret in settings.secrets.items())
    if settings.url is not None:
        return HttpServer(settings.url, tuple(settings.headers.items()), secrets, settings.timeout)
    return StdioServer(
        settings.command or (),
        tuple(settings.environment.items()),
        secrets,
        settings.directory,
        settings.timeout,
    )


def _secret(settings: SecretSettings) -> Secret:
    return Secret(settings.env, settings.file, settings.prefix)
