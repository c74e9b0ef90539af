"""What a description says of the instances of its skills."""

from __future__ import annotations

from pharia_kernel.composition.instances import SkillBounds
from pharia_kernel.config import Settings
from pharia_kernel.runtimes.skill import InstancePolicy
from pharia_kernel.skills.described import instance_policy
from pharia_kernel.skills.description import BrokenEntry, ProgrammableEntry, parse_description
from pharia_kernel.types import SkillPath


def test_an_entry_may_allow_more_calls_of_an_instance() -> None:
    (entry,) = parse_description('skills = [{ name = "a", instances = { reuse = 5, idle = "1m", spare = 3 } }]').skills
    assert isinstance(entry, ProgrammableEntry)
    assert entry.instances is not None
    assert instance_policy(entry.instances) == InstancePolicy(5, 60.0, 3)


def test_an_entry_that_says_it_wrongly_is_broken() -> None:
    (entry,) = parse_description('skills = [{ name = "a", instances = { reuse = "often" } }]').skills
    assert isinstance(entry, BrokenEntry)


def test_the_operators_word_counts_more_than_the_description_and_that_more_than_the_namespace() -> None:
    settings = Settings.model_validate(
        {
            "namespaces": {
                "dev": {"directory": "x", "instances": {"reuse": 2}, "skill-instances": {"told": {"reuse": 4}}}
            }
        }
    )
    bounds = SkillBounds(settings)
    described = InstancePolicy(3)

    def reuse(name: str, policy: InstancePolicy | None) -> int:
        return bounds(SkillPath("dev", name), policy).instances.reuse

    assert [reuse("told", described), reuse("other", described), reuse("other", None)] == [4, 3, 2]
    assert [reuse("told:v2", described), reuse("told@sha256:0", None)] == [4, 4]
    assert bounds(SkillPath("elsewhere", "x"), None).instances.reuse == 1
