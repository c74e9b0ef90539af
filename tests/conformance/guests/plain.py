"""Plain data to the values of generated bindings and back, told by the annotations of the bindings.

Records are dictionaries, enums their WIT names, variants ``{"case": payload}`` or the name of a case without payload,
bytes text of the same code points, results ``{"ok": value}`` or ``{"err": value}``.
"""

import dataclasses
import enum
import typing


def bind(kind, data):
    if typing.get_origin(kind) is typing.Union:
        return _bind_union([member for member in typing.get_args(kind) if member is not type(None)], data)
    if typing.get_origin(kind) is list:
        (element,) = typing.get_args(kind)
        return [bind(element, one) for one in data]
    if kind is bytes:
        return data.encode("latin-1")
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return kind[data.upper().replace("-", "_")]
    if dataclasses.is_dataclass(kind):
        return kind(**{field.name: bind(field.type, data[field.name]) for field in dataclasses.fields(kind)})
    return data


def _bind_union(members, data):
    if data is None:
        return None
    if len(members) == 1:
        return bind(members[0], data)
    case, payload = next(iter(data.items())) if isinstance(data, dict) else (data, None)
    (chosen,) = [member for member in members if _case(member) == case]
    return chosen(*[bind(field.type, payload) for field in dataclasses.fields(chosen)])


def plain(value):
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, enum.Enum):
        return value.name.lower().replace("_", "-")
    if not dataclasses.is_dataclass(value):
        return value
    fields = {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    name = type(value).__name__
    if name in ("Ok", "Err"):
        return {name.lower(): fields["value"]}
    if "_" not in name:
        return fields
    return {_case(type(value)): fields["value"]} if fields else _case(type(value))


def _case(kind):
    """``GreaterThan`` of ``Condition_GreaterThan`` is ``greater-than``; ``None_`` is ``none``."""
    name = kind.__name__.partition("_")[2].rstrip("_")
    return "".join("-" + letter.lower() if letter.isupper() else letter for letter in name).lstrip("-")
