"""Which MCP servers there are: where they answer, and what they are given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from pharia_kernel.csi.tools.mcp.failures import ServerFailed

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that only its name is known of; read anew for each connection, so that it can be changed."""

    variable: str | None = None
    """Of the kernel's environment."""
    file: Path | None = None
    """Its content without white space around it; either this or ``variable`` is given."""
    prefix: str = ""
    """Before the value, such as ``Bearer``, with the space after it."""

    def read(self, environ: Mapping[str, str]) -> str:
        """Blocks. Raises :class:`ServerFailed` where there is no value."""
        if self.file is None:
            value = environ.get(self.variable or "", "")
            source = f"the environment variable {self.variable}"
        else:
            source = f"the file {self.file}"
            try:
                value = self.file.read_text(encoding="utf-8").strip()
            except (OSError, ValueError) as error:
                raise ServerFailed(f"{source}, which has a secret for it, can not be read ({error})") from None
        if not value:
            raise ServerFailed(f"{source} should have a secret for it, and is empty")
        if not value.isprintable():
            raise ServerFailed(f"{source} has a secret for it with a line break, or what can not be printed")
        return self.prefix + value


Pairs = tuple[tuple[str, str], ...]
Secrets = tuple[tuple[str, Secret], ...]


@dataclass(frozen=True, slots=True)
class HttpServer:
    """Answers at a URL (streamable HTTP)."""

    url: str
    headers: Pairs = ()
    secrets: Secrets = ()
    """Headers, too."""
    call_seconds: float | None = None
    """Instead of the one of the options."""

    @property
    def label(self) -> str:
        """For people; without what may hold a key: query, user and password."""
        try:
            parts = urlsplit(self.url)
        except ValueError:
            return "(not a URL)"
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


@dataclass(frozen=True, slots=True)
class StdioServer:
    """A process that is started for each kernel process, and ends with it."""

    command: tuple[str, ...]
    """Program and arguments; no shell is involved."""
    environment: Pairs = ()
    """Beside what every program needs, such as ``PATH``; nothing else of the kernel's."""
    secrets: Secrets = ()
    """Environment, too."""
    directory: Path | None = None
    call_seconds: float | None = None

    @property
    def label(self) -> str:
        """For people; without the arguments, which may hold a key."""
        return f"the program {self.command[0]}"


McpServer = HttpServer | StdioServer


@dataclass(frozen=True, slots=True)
class McpOptions:
    """Limits for all servers; times in seconds."""

    call_seconds: float = 60.0
    """For a tool call, from asking to the whole answer."""
    connect_seconds: float = 10.0
    """For a connection or a process until it has said what it is."""
    list_seconds: float = 30.0
    """For the whole list of a server."""
    first_list_seconds: float = 2.0
    """After the start; as long who asks for tools waits for lists that are not there yet."""
    refresh_seconds: float = 60.0
    """Age of a list at which it is asked for again."""
    text_bytes: int = MIB
    """Of the texts of one answer."""
    message_bytes: int = 16 * MIB
    """Of all a server sends in answer to a request, with what can not be given as text."""
    tools: int = 1000
    """Of one server; more are left out."""
    first_pause: float = 0.5
    """Before a server that was lost is asked again; each further pause is twice the one before."""
    longest_pause: float = 30.0


@dataclass(frozen=True, slots=True)
class Given:
    """What a connection needs beside the server's own description."""

    server: McpServer
    options: McpOptions
    environ: Mapping[str, str] = field(repr=False)
    trace_headers: Callable[[], Mapping[str, str]]
    """W3C headers of the current span."""

    @property
    def call_seconds(self) -> float:
        return self.server.call_seconds or self.options.call_seconds
