"""What the commands around registries print for people."""

from __future__ import annotations

from rich.console import Console, RenderableType
from rich.panel import Panel
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn
from rich.table import Table
from rich.text import Text

_KIB = 1024


def failed(title: str, text: str) -> Panel:
    return Panel(Text(text), title=title, title_align="left", border_style="red")


def facts(title: str, lines: dict[str, str]) -> RenderableType:
    """A panel with a line for each, the values as they are."""
    table = Table.grid(padding=(0, 1))
    for name, value in lines.items():
        table.add_row(Text(f"{name}:", "bold"), Text(value, overflow="fold"))
    return Panel.fit(table, title=title, title_align="left", border_style="green")


def transfer(console: Console, what: str) -> Progress:
    """A bar that is gone when the transfer is over; nothing where the console is no terminal."""
    columns = (TextColumn(what, markup=False), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def bytes_text(size: int) -> str:
    value = float(size)
    for unit in ("B", "KiB", "MiB"):
        if value < _KIB:
            return f"{value:.0f} B" if unit == "B" else f"{value:.1f} {unit}"
        value /= _KIB
    return f"{value:.1f} GiB"
