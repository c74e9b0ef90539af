"""What a team's document means; rows of the checklist are those of its section on descriptions."""

from __future__ import annotations

import pytest

from pharia_kernel.skills.description import BrokenEntry, Canary, ChatEntry, ProgrammableEntry, parse_description
from pharia_kernel.skills.registry import DescriptionInvalid

CHAT = 'type = "chat"\nname = "helpdesk"\nversion = "1"\nmodel = "m"\nsystem_prompt = "You help."'


def test_tools_are_listed_under_their_kebab_case_keys() -> None:
    """Row 104."""
    found = parse_description('skills = []\nmcp-servers = ["https://t.example.org/mcp"]\nnative-tools = ["add", "add"]')
    assert (found.mcp_servers, found.native_tools, found.skills) == (("https://t.example.org/mcp",), ("add",), ())


def test_an_unknown_native_tool_is_an_error() -> None:
    """Row 105."""
    with pytest.raises(DescriptionInvalid, match=r"no tool 'multiply' \(known: add, saboteur, subtract\)"):
        parse_description('skills = []\nnative-tools = ["multiply"]')


@pytest.mark.parametrize(
    "text",
    [
        'skills = [{ name = "a", tag = "2.1" }, { type = "chat", name = "helpdesk", version = "1", model = "m", '
        'system_prompt = "You help." }, { name = "b" }]',
        f'[[skills]]\nname = "a"\ntag = "2.1"\n[[skills]]\n{CHAT}\n[[skills]]\nname = "b"',
    ],
)
def test_both_ways_of_toml_to_write_a_list_of_tables_mean_the_same(text: str) -> None:
    """Row 106."""
    assert parse_description(text).skills == (
        ProgrammableEntry(name="a", tag="2.1"),
        ChatEntry(name="helpdesk", version="1", model="m", system_prompt="You help."),
        ProgrammableEntry(name="b", tag="latest"),
    )


def test_versions_and_a_canary_stand_beside_the_tag() -> None:
    digest = "sha256:" + "0" * 64
    text = f'[[skills]]\nname = "a"\nversions = ["v1", "{digest}"]\ncanary = {{ tag = "v3", percent = 5 }}'
    (entry,) = parse_description(text).skills
    assert isinstance(entry, ProgrammableEntry)
    assert (entry.versions, entry.canary) == (("v1", digest), Canary(tag="v3", percent=5))


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        (CHAT.replace('model = "m"\n', ""), "model is missing"),
        (CHAT.replace("system_prompt", "system-prompt"), "system_prompt is missing"),
        ('name = "helpdesk"\ntag = 1.4', "tag: Input should be a valid string"),
        ('name = "helpdesk"\ntag = "a b"', "tag: not a tag"),
        ('name = "helpdesk"\ncanary = { tag = "x", percent = 101 }', "canary.percent: "),
    ],
)
def test_an_entry_that_can_not_be_used_harms_no_other(table: str, problem: str) -> None:
    broken, good = parse_description(f'[[skills]]\n{table}\n[[skills]]\nname = "good"').skills
    assert isinstance(broken, BrokenEntry)
    assert broken.name == "helpdesk"
    assert f"skills[0] of the namespace's description: {problem}" in broken.problem
    assert good == ProgrammableEntry(name="good")


def test_what_is_left_out_is_said() -> None:
    found = parse_description(
        'mcp-server = []\nmcp-servers = ["ftp://x"]\n[[skills]]\nname = "a"\nverison = "2"\n'
        '[[skills]]\nname = "a"\ntype = "wasm"\ntag = "2"'
    )
    assert found.skills == (ProgrammableEntry(name="a", tag="2"),)
    assert found.mcp_servers == ()
    text = "\n".join(found.warnings)
    for part in (
        "mcp-server: no such key",
        "verison is left out",
        "a is there already",
        "type 'wasm'",
        "left out: url",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("skills = [", "it is not TOML"),
        ("", "skills is missing"),
        ("skills = 1", "skills must be a list of tables"),
        ('skills = ["a"]', "skills must be a list of tables"),
        ('skills = [{ tag = "1" }]', r"skills\[0\] has no name"),
        ("skills = []\nmcp-servers = [1]", "mcp-servers must be a list of texts"),
    ],
)
def test_a_document_of_another_shape_is_an_error(text: str, problem: str) -> None:
    with pytest.raises(DescriptionInvalid, match=problem):
        parse_description(text)
