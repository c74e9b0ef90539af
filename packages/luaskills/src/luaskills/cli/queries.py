"""What is there: ``version``, ``describe``, ``load``, ``reload``, ``list``, ``help-…``, ``is-skill`` …"""

from __future__ import annotations

import argparse

from luaskills import LuaSkillsClient
from luaskills.cli.commands import Commands
from luaskills.cli.global_options import GlobalOptions
from luaskills.cli.output import print_json
from luaskills.cli.runtime import opened


def add(commands: Commands) -> None:
    """Add these commands."""
    commands.add("version", _version, "Show the version of the engine's interface.")
    commands.add("describe", _describe, "Show the functions of the engine's interface.")
    commands.add("load", _load, "Load the skills and say so.")
    commands.add("reload", _reload, "Load the skills twice, the second time in place of the first.")
    commands.add("list", _list, "List the entries that the authority sees.")
    commands.add("help-list", _help_list, "List the help trees of the skills that the authority sees.")
    detail = commands.add("help-detail", _help_detail, "Show one help text of a skill.")
    detail.add_argument("skill_id", metavar="skill-id", help="id of the skill")
    detail.add_argument("flow", nargs="?", default="main", help="which text; default: main")
    one = commands.add("is-skill", _is_skill, "Say whether a tool is an entry of a skill.")
    one.add_argument("tool", help="canonical name")
    name = commands.add("skill-name", _skill_name, "Say which skill an entry belongs to.")
    name.add_argument("tool", help="canonical name")
    completions = commands.add("prompt-completions", _completions, "Complete an argument of a prompt (reserved).")
    completions.add_argument("prompt", help="name of the prompt")
    completions.add_argument("argument", help="name of the argument")


def _version(given: argparse.Namespace) -> int:
    options = GlobalOptions.of(given)
    return print_json(LuaSkillsClient.version(library_path=options.lib, runtime_root=options.runtime_root))


def _describe(given: argparse.Namespace) -> int:
    options = GlobalOptions.of(given)
    return print_json(LuaSkillsClient.describe(library_path=options.lib, runtime_root=options.runtime_root))


def _load(given: argparse.Namespace) -> int:
    with opened(given, load=False) as runtime:
        return print_json(runtime.client.load_from_roots(runtime.roots))


def _reload(given: argparse.Namespace) -> int:
    with opened(given) as runtime:
        return print_json(runtime.client.reload_from_roots(runtime.roots))


def _list(given: argparse.Namespace) -> int:
    with opened(given) as runtime:
        return print_json(runtime.client.list_entries(runtime.authority))


def _help_list(given: argparse.Namespace) -> int:
    with opened(given) as runtime:
        return print_json(runtime.client.list_skill_help(runtime.authority))


def _help_detail(given: argparse.Namespace) -> int:
    with opened(given) as runtime:
        detail = runtime.client.render_skill_help_detail(given.skill_id, given.flow, authority=runtime.authority)
        return print_json(detail)


def _is_skill(given: argparse.Namespace) -> int:
    with opened(given) as runtime:
        return print_json({"value": runtime.client.is_skill(given.tool, runtime.authority)})


def _skill_name(given: argparse.Namespace) -> int:
    with opened(given) as runtime:
        return print_json({"skill_id": runtime.client.skill_name_for_tool(given.tool, runtime.authority)})


def _completions(given: argparse.Namespace) -> int:
    with opened(given) as runtime:
        completions = runtime.client.prompt_argument_completions(given.prompt, given.argument, runtime.authority)
        return print_json(completions)
