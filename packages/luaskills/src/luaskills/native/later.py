"""Functions that released SDKs of version 0.6 call and this engine does not have.

The library exports them, so that a host gets an error it can read in place of a missing symbol; ``describe_json``
does not list them.
"""

from __future__ import annotations

from collections.abc import Mapping

from luaskills.ffi.json_engine import PREFIX

_SESSIONS = "it has no managed Node or Python sessions"
_DECLARED = "its skills declare no configuration; skill_config_list, get, set and delete work on every key"

LATER: Mapping[str, str] = {
    f"{PREFIX}{name}_json": f"{PREFIX}{name}_json is not part of this engine: {reason}"
    for name, reason in (
        ("managed_runtime_resolve", "it has no managed Node or Python runtimes"),
        ("managed_session_events_poll", _SESSIONS),
        ("managed_session_events_wait", _SESSIONS),
        ("skill_config_describe", _DECLARED),
        ("skill_config_validate", _DECLARED),
        ("skill_config_refresh", "it reads skill configuration anew at every use"),
        ("skill_config_events_poll", "it does not watch skill configuration"),
    )
}
"""The answer of each, by name."""
