"""What a host does with a released SDK on the library, without pytest: prints what came back, as JSON by name.

``python released_calls.py LIBRARY RUNTIME_ROOT``, in an environment that holds only the SDK.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from luaskills import Authority, LuaSkillsClient, LuaSkillsError, RuntimeRoots

found: dict[str, Any] = {}


def note(name: str, ask: Callable[[], Any]) -> Any:
    try:
        found[name] = ask()
    except Exception as error:
        found[name] = f"{type(error).__name__}: {error}"
    return found[name]


def host_tool(request: dict[str, Any]) -> Any:
    if request["action"] == "call":
        return {"sum": request["args"]["a"] + request["args"]["b"]}
    return [{"name": "add"}] if request["action"] == "list" else request["tool_name"] == "add"


def refuse(request: Any) -> Any:
    raise ValueError(f"no model for {request['text']}")


def leases(client: Any) -> None:
    handle = client.runtime_leases().create_handle("counter", ttl_sec=60)
    note("lease first", lambda: handle.eval("n = (n or 0) + args.by; return n", {"by": 2})["result"])
    note("lease second", lambda: handle.eval("n = (n or 0) + args.by; return n", {"by": 3})["result"])
    bound = client.runtime_leases().bind_handle(handle.identity_payload())
    note("lease status", lambda: bound.status()["sid"])
    note("lease taken", lambda: client.runtime_leases().create("counter"))
    note("lease error", lambda: handle.eval("error('odd')"))
    note("lease list", lambda: [lease["sid"] for lease in client.runtime_leases().list()["leases"]])
    note("lease close", lambda: handle.close()["closed"])
    note("lease closed", lambda: handle.eval("return 1"))


def callbacks(client: Any) -> None:
    call = lambda: client.call_skill("greeter-hello", {"name": "Ada"})["content"]  # noqa: E731
    note("call without callbacks", call)
    client.ffi.set_host_tool_json_callback(host_tool)
    client.ffi.set_model_llm_json_callback(lambda asked: {"assistant": asked["user"].upper(), "usage": {}})
    client.ffi.set_model_embed_json_callback(refuse)
    note("call", call)
    note("host tools", lambda: client.run_lua("return {vulcan.host.list(), vulcan.host.has('add')}"))
    note("embed", lambda: client.run_lua("return vulcan.models.embed('tea').error.message"))
    note("threads", lambda: sorted(in_threads(call)))
    client.ffi.clear_host_tool_json_callback()
    note("call after clear", call)


def in_threads(call: Callable[[], str]) -> list[str]:
    said: list[str] = []
    threads = [threading.Thread(target=lambda: said.extend(call() for _ in range(25))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return list(set(said)) if len(said) == 100 else said


def configuration(client: Any) -> None:
    note("config set", lambda: written(client.config.set("greeter", "tone", "kind")))
    note("config get", lambda: client.config.get("greeter", "tone")["value"])
    note("config list", lambda: [entry["key"] for entry in client.config.list("greeter")])
    note("config delete", lambda: client.config.delete("greeter", "tone")["deleted"])
    note("config gone", lambda: client.config.get("greeter", "tone")["found"])
    if hasattr(client.config, "validate"):  # from 0.6 on
        note("config revision", lambda: client.config.set("greeter", "tone", "kind", expected_revision="7"))
        note("config validate", lambda: client.config.validate("greeter"))
        note("managed sessions", lambda: client.poll_managed_session_events(1))
        note("wake", lambda: client.set_managed_session_wake_callback(None))


def written(result: dict[str, Any]) -> str:
    """The value a release reads from its result: newer ones set several at once."""
    return str(result["values"]["tone"] if "values" in result else result["value"])


def lifecycle(client: Any, roots: Any) -> None:
    note("disable", lambda: client.skills.disable(roots, "greeter", "for a moment") is not None)
    note("disabled", lambda: client.is_skill("greeter-hello"))
    note("enable", lambda: client.skills.enable(roots, "greeter") is not None)
    note("enabled", lambda: client.is_skill("greeter-hello"))
    request = {"source_type": "github", "source": "owner/tool"}
    note("install", lambda: client.skills.install(roots[:1], request))


def engine(library: str, root: Path) -> None:
    client = LuaSkillsClient(library_path=library, runtime_root=root)
    roots = RuntimeRoots.standard(root)
    note("load", lambda: client.load_from_roots(roots))
    note("reload", lambda: client.reload_from_roots(roots))
    note("list", lambda: [entry["canonical_name"] for entry in client.list_entries()])
    note("help", lambda: [tree["skill_id"] for tree in client.list_skill_help()])
    note("help detail", lambda: (client.render_skill_help_detail("greeter") or {})["content"])
    note("skill of tool", lambda: client.skill_name_for_tool("greeter-hello"))
    note("system list", lambda: len(client.system(Authority.SYSTEM).list_entries()))
    note("completions", lambda: client.prompt_argument_completions("p", "a"))
    callbacks(client)
    note("run_lua", lambda: client.run_lua("return {sum = args.a + 1, text = 'grün'}", {"a": 1}))
    configuration(client)
    leases(client)
    lifecycle(client, roots)
    note("unknown tool", lambda: client.call_skill("nope"))
    note("lua error", lambda: client.call_skill("greeter-fail"))
    note("wrong root", lambda: client.load_from_roots([{"name": "OTHER", "skills_dir": str(root)}]))
    note("free", client.close)
    note("free again", client.close)
    note("after free", lambda: client.run_lua("return 1"))
    note("freed twice", lambda: client.ffi.call_json("luaskills_ffi_engine_free_json", {"engine_id": client.engine_id}))


def provider(library: str, root: Path) -> None:
    """A database of the host; its callback must be there before the engine is made."""
    asked: list[str] = []
    host = {"sqlite_provider_mode": "host_callback", "sqlite_callback_mode": "json"}
    skill = root / "project_skills" / "greeter"
    (skill / "skill.yaml").write_text((skill / "skill.yaml").read_text() + "sqlite: {enable: true}\n")
    (skill / "runtime" / "hello.lua").write_text(
        "return function() return vulcan.sqlite.query_json({sql = 'select 1'}).rows[1].name end"
    )

    def database(request: dict[str, Any]) -> Any:
        asked.append(request["action"])
        return {"rows": [{"name": "Ada"}]}

    client = LuaSkillsClient(library_path=library, runtime_root=root, host_options=host)
    client.ffi.set_sqlite_provider_json_callback(database)
    client.close()
    with LuaSkillsClient(library_path=library, runtime_root=root, host_options=host) as client:
        note("provider load", lambda: client.load_from_roots(RuntimeRoots.standard(root)))
        note("provider", lambda: [client.call_skill("greeter-hello")["content"], *asked])


def main(library: str, root: Path) -> None:
    note("version", lambda: LuaSkillsClient.version(library_path=library))
    note("describe", lambda: "luaskills_ffi_call_skill_json" in exported(library))
    engine(library, root)
    provider(library, root)
    note("error class", lambda: LuaSkillsError("f", "text").function_name)
    print(json.dumps(found))


def exported(library: str) -> list[str]:
    names: list[str] = LuaSkillsClient.describe(library_path=library)["exported_functions"]
    return names


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
