"""What skills say about themselves, and what they must not do meanwhile."""

from __future__ import annotations

import socket

import msgspec
import pytest

from components import wat
from components.loading import Load
from pharia_kernel.csi.forbidden import ForbiddenCsi
from pharia_kernel.errors import InvalidMetadata, MetadataUsedCsi, OutputTooLarge, SkillTrapped
from pharia_kernel.runtimes.skill import SkillLimits
from pharia_kernel.types import SkillKind, SkillMetadata

_PLACE, _TEXT = 100, 8192
_SCHEMA = b'{"type":"string"}'
_TOOLS = f"""
      (import "pharia:skill/tool@0.3.11" (instance $tools
        (type $t (record (field "name" string) (field "description" string) (field "input-schema" (list u8))))
        (export "tool" (type $tool (eq $t)))
        (export "list-tools" (func (result (list $tool))))))
      (core func $list (canon lower (func $tools "list-tools") {wat.LOWER}))
      (core instance $host (export "list" (func $list)))
"""


def described(description: bytes | None, input: bytes, output: bytes) -> bytes:
    """A skill that answers its input and has that metadata."""
    at, stores = _TEXT, [f"(i32.store8 (i32.const {_PLACE}) (i32.const {int(description is not None)}))"]
    data = []
    for offset, text in ((4, description or b""), (12, input), (20, output)):
        stores.append(f"(i32.store (i32.const {_PLACE + offset}) (i32.const {at}))")
        stores.append(f"(i32.store (i32.const {_PLACE + offset + 4}) (i32.const {len(text)}))")
        written = "".join(f"\\{byte:02x}" for byte in text)
        data.append(f'(data (i32.const {at}) "{written}")')
        at += len(text)
    return wat.handler(wat.ECHO, core="".join(data), describe="".join(stores) + f"(i32.const {_PLACE})")


@pytest.mark.parametrize("description", [None, "", "Grüße"])
async def test_a_skill_is_described_by_text_and_schemas(load: Load, description: str | None) -> None:
    text = None if description is None else description.encode()
    skill = await load(described(text, _SCHEMA, b"true"))
    expected = SkillMetadata(description, "0.3", SkillKind.FUNCTION, {"type": "string"}, True)
    assert await skill.metadata() == expected
    assert await skill.metadata() == expected


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b'"\xff"', "not JSON"),
        (b"[" * 5000 + b"]" * 5000, "nested too deeply"),
        (b"7", "Invalid JSON Schema"),
        (b"null", "Invalid JSON Schema"),
        (b"[]", "Invalid JSON Schema"),
        (b'{"type":"nonsense"}', "Invalid JSON Schema"),
        (b'{"$schema":7}', "Invalid JSON Schema"),
        (b'{"$schema":["a"]}', "Invalid JSON Schema"),
        (b'{"not":' * 4000 + b"true" + b"}" * 4000, "nested too deeply"),
        (b'{"not":' * 501 + b"true" + b"}" * 501, "nested too deeply: more than 500 levels"),
        (b'{"type":"number","exclusiveMinimum":true}', "Invalid JSON Schema"),
        (b'{"$schema":"http://json-schema.org/draft-07/schema#","required":"a"}', "Invalid JSON Schema"),
    ],
    ids=lambda value: repr(value)[:24],
)
async def test_what_is_no_schema_is_the_skills_fault_and_does_not_hurt_its_runs(
    load: Load, schema: bytes, text: str
) -> None:
    for place, schemas in (("input", (schema, _SCHEMA)), ("output", (_SCHEMA, schema))):
        skill = await load(described(b"a skill", *schemas))
        with pytest.raises(InvalidMetadata, match=text) as caught:
            await skill.metadata()
        assert place in str(caught.value)
        assert await skill.run(b"1", ForbiddenCsi(), None) == b"1"


@pytest.mark.parametrize(
    "schema",
    [
        b'{"not":' * 499 + b"true" + b"}" * 499,
        b'{"$schema":"http://json-schema.org/draft-04/schema#","minimum":1,"exclusiveMinimum":true}',
        b'{"properties":{"\\u0000":{"$ref":"#/nowhere"}},"minimum":1e308}',
    ],
    ids=lambda value: repr(value)[:24],
)
async def test_an_unusual_schema_is_told_as_it_is(load: Load, schema: bytes) -> None:
    skill = await load(described(None, schema, _SCHEMA))
    assert msgspec.json.encode((await skill.metadata()).input_schema) == msgspec.json.encode(
        msgspec.json.decode(schema)
    )


@pytest.mark.parametrize("member", ["$schema", "$id", "$ref"])
async def test_nothing_a_schema_refers_to_is_fetched(load: Load, member: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        schema = {member: f"http://127.0.0.1:{server.getsockname()[1]}/schema", "type": "object"}
        skill = await load(described(None, msgspec.json.encode(schema), _SCHEMA))
        assert (await skill.metadata()).input_schema == schema
        with pytest.raises(TimeoutError):
            server.accept()


async def test_it_may_be_no_longer_than_an_output(load: Load) -> None:
    skill = await load(described(b"a" * 60, b'{"title":"%s"}' % (b"b" * 60), _SCHEMA), SkillLimits(output_bytes=100))
    with pytest.raises(OutputTooLarge, match="more than 100 bytes"):
        await skill.metadata()


async def test_the_csi_is_forbidden_meanwhile(load: Load) -> None:
    skill = await load(
        wat.handler(
            wat.ECHO,
            imports=_TOOLS,
            core_imports='(import "host" "list" (func $list (param i32)))',
            describe="(call $list (i32.const 64)) unreachable",
        )
    )
    with pytest.raises(MetadataUsedCsi, match="list_tools"):
        await skill.metadata()
    assert await skill.run(b"1", ForbiddenCsi(), None) == b"1"


async def test_a_trap_does_not_hurt_the_runs(load: Load) -> None:
    skill = await load(wat.handler(wat.ECHO))
    with pytest.raises(SkillTrapped):
        await skill.metadata()
    assert await skill.run(b"1", ForbiddenCsi(), None) == b"1"
