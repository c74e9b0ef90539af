"""Disable a skill and enable it again."""

from __future__ import annotations

from fixture import SKILL_ID, TOOL, fixture_client

from luaskills import LuaSkillsError


def main() -> None:
    """Print what a call and a query answer before, between and after."""
    with fixture_client() as (client, roots):
        print("Call before disable:", client.call_skill(TOOL, {"note": "before"})["content"])
        client.skills.disable(roots, SKILL_ID, "shown by an example")
        print("Skill disabled:", SKILL_ID)
        try:
            print("Visible after disable:", client.is_skill(TOOL))
            try:
                client.call_skill(TOOL)
            except LuaSkillsError as error:
                print("Call after disable failed as expected:", error)
        finally:
            client.skills.enable(roots, SKILL_ID)
        print("Skill enabled:", SKILL_ID)
        print("Call after enable:", client.call_skill(TOOL, {"note": "after"})["content"])


if __name__ == "__main__":
    main()
