"""Keep Lua state from one evaluation to the next."""

from __future__ import annotations

from luaskills import LuaSkillsClient
from luaskills.examples.runtime_root import runtime_root

COUNT = "counter = (counter or 0) + 1; return { counter = counter, persisted = true }"


def main() -> None:
    """Make a session, count in it twice, close it, and see what a closed session answers."""
    with LuaSkillsClient(runtime_root=runtime_root()) as client:
        sessions = client.runtime_sessions()
        session = sessions.create_handle("counting", ttl_sec=600, replace=True)
        print("Lease created:", session.lease_id)
        print("First eval result:", session.eval(COUNT)["result"])
        print("Second eval result:", session.eval(COUNT)["result"])
        print("Lease status result:", session.status())
        print("Lease close result:", session.close())
        late = {**session.identity_payload(), "code": COUNT, "args": {}, "timeout_ms": 60_000}
        print("Post-close eval result:", sessions.call_raw("eval", late))


if __name__ == "__main__":
    main()
