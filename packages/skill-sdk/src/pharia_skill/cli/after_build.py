"""What is offered when a skill has been built: to publish it."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.panel import Panel
from rich.prompt import Confirm, Prompt
from rich.text import Text

from pharia_skill.cli.publish import publish_skill


def display_publish_suggestion(wasm_file: str) -> None:
    """Say with which command the component can be published."""
    text = Text.assemble("Publish it with\n\n    ", (f"pharia-skill publish {wasm_file}", "bold"))
    Console(stderr=True).print(Panel(text, title="Build Successful", title_align="left", border_style="green"))


def prompt_for_publish(wasm_file: str) -> None:
    """Ask whether to publish the component, as what, and do it; raises ``typer.Exit`` after a failure."""
    console = Console(stderr=True)
    display_publish_suggestion(wasm_file)
    try:
        if Confirm.ask("Would you like to publish this skill now?", default=True, console=console):
            tag = Prompt.ask("Enter tag", default="latest", console=console)
            name = Prompt.ask("Enter name", default=Path(wasm_file).stem, console=console)
            publish_skill(wasm_file, name, tag)
    except (EOFError, KeyboardInterrupt):
        console.print("Not published.")
