"""Ask what is loaded, as a tool the host delegates to would see it."""

from __future__ import annotations

from fixture import SKILL_ID, TOOL, fixture_client

from luaskills import Authority


def main() -> None:
    """Print what each query answers."""
    with fixture_client() as (client, _):
        delegated = Authority.DELEGATED_TOOL
        print("Entry count:", len(client.list_entries(delegated)))
        print("Is delegated-visible skill:", client.is_skill(TOOL, delegated))
        print("Owning skill id:", client.skill_name_for_tool(TOOL, delegated))
        completions = client.prompt_argument_completions(SKILL_ID, "note", delegated)
        print("Prompt completion count:", len(completions or []))
        print("Help tree count:", len(client.list_skill_help(delegated)))


if __name__ == "__main__":
    main()
