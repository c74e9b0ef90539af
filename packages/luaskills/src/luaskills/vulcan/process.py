"""`vulcan.process`: programs and shell commands, with a deadline and a bound on their output."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping

from luaskills.context import CallContext
from luaskills.errors import HostFunctionError
from luaskills.vulcan import shells
from luaskills.vulcan.arguments import Arguments, argument, path_text
from luaskills.vulcan.child import Child
from luaskills.vulcan.encodings import Decoded, decode, default_encoding, encode
from luaskills.vulcan.function import HostFunction
from luaskills.vulcan.policy import Policy
from luaskills.vulcan.process_session import ProcessSession
from luaskills.vulcan.process_spec import Encodings, ProcessSpec, exec_spec, session_spec

OUTPUT_BYTES = 64 * 1024 * 1024
_PIPE_GRACE_SECONDS = 1.0


class ProcessTable:
    """The functions of `vulcan.process` for one VM."""

    def __init__(self, context: CallContext, policy: Policy) -> None:
        self._context, self._policy = context, policy

    def functions(self) -> Mapping[str, HostFunction]:
        """The table, by function name."""
        return {"exec": self.exec, "launchers": self.launchers, "which": self.which}

    def session_functions(self) -> Mapping[str, HostFunction]:
        """The table `vulcan.process.session`."""
        return {"open": self.open_session}

    def exec(self, given: Arguments) -> object:
        """Run a process to its end; that it fails is part of the result."""
        self._policy.processes("process.exec")
        default = default_encoding(self._context.options.get("default_text_encoding"))
        return run(exec_spec(argument(given, 0), default), self._context)

    def launchers(self, _given: Arguments) -> object:
        """The shells of the host."""
        self._policy.processes("process.launchers")
        return {"default": shells.DEFAULT, "shells": shells.available()}

    def which(self, given: Arguments) -> object:
        """Where a program is, or nil."""
        self._policy.processes("process.which")
        return shells.which(path_text("process.which", "program", argument(given, 0)))

    def open_session(self, given: Arguments) -> object:
        """Start a process that is talked to."""
        self._policy.processes("process.session.open")
        default = default_encoding(self._context.options.get("default_text_encoding"))
        spec = session_spec(argument(given, 0), default)
        try:
            child = Child(
                spec.command,
                cwd=directory(spec, self._context),
                env=spec.env,
                stdin=True,
                limit_bytes=spec.buffer_limit_bytes,
                drop_oldest=True,
            )
        except (OSError, ValueError) as error:
            raise HostFunctionError(f"process.session.open: failed to spawn process: {_reason(error)}") from None
        return ProcessSession(child, spec.encodings, self._context).handle()


def directory(spec: ProcessSpec, context: CallContext) -> str | None:
    """The working directory of a process."""
    if spec.cwd is None or context.cwd is None:
        return spec.cwd or context.cwd
    return os.path.join(context.cwd, spec.cwd)


def run(spec: ProcessSpec, context: CallContext) -> dict[str, object]:
    """The result of a process that runs to its end, its time limit, the deadline of the call, or the output bound.

    A descendant that keeps the pipes open gets a second more than the process itself; then its group ends.
    """
    try:
        stdin = None if spec.stdin is None else encode(spec.stdin, spec.encodings.stdin)
    except HostFunctionError as error:
        return _unstarted(spec.encodings, f"failed to encode process stdin: {error}")
    try:
        child = Child(
            spec.command,
            cwd=directory(spec, context),
            env=spec.env,
            stdin=stdin is not None,
            limit_bytes=OUTPUT_BYTES,
            drop_oldest=False,
        )
    except (OSError, ValueError) as error:
        return _unstarted(spec.encodings, f"failed to spawn process: {_reason(error)}")
    kill = True
    try:
        if stdin is not None:
            child.feed(stdin)
        limit = _limit(spec, context)
        timed_out = not _finished(child, limit)
        code = child.code
        with child.changed:
            kill = not (child.stdout.ended and child.stderr.ended)
    finally:
        child.close(kill=kill)
    timeout_ms = spec.timeout_ms if limit is None else round(limit * 1000)
    return _result(spec.encodings, child, code, timeout_ms if timed_out else None)


def _limit(spec: ProcessSpec, context: CallContext) -> float | None:
    limits = [context.remaining(), None if spec.timeout_ms is None else spec.timeout_ms / 1000]
    return min((limit for limit in limits if limit is not None), default=None)


def _finished(child: Child, limit: float | None) -> bool:
    """Whether the process ended in time; afterwards its output is complete or given up."""
    end = None if limit is None else time.monotonic() + limit
    with child.changed:
        while not (child.stdout.ended and child.stderr.ended) and child.code is None:
            if child.stdout.overflowed or child.stderr.overflowed:
                return True
            left = None if end is None else end - time.monotonic()
            if left is not None and left <= 0:
                return False
            child.changed.wait(0.05 if left is None else min(0.05, left))
    if not child.wait(None if end is None else max(0.0, end - time.monotonic())):
        return False
    grace = time.monotonic() + _PIPE_GRACE_SECONDS
    with child.changed:
        while not (child.stdout.ended and child.stderr.ended):
            left = min(grace, grace if end is None else end) - time.monotonic()
            if left <= 0:
                break
            child.changed.wait(left)
    return True


def _result(encodings: Encodings, child: Child, code: int | None, timeout_ms: int | None) -> dict[str, object]:
    overflowed = child.stdout.overflowed or child.stderr.overflowed
    if timeout_ms is not None:
        error: str | None = f"process execution timed out after {timeout_ms} ms"
    elif overflowed:
        error = f"process output exceeded {OUTPUT_BYTES} bytes"
    elif code is None or code < 0:
        error = "process terminated without an exit code"
    else:
        error = None if code == 0 else f"process exited with code {code}"
    failures = bytes(child.stderr.content)
    out, err = decode(bytes(child.stdout.content), encodings.stdout), decode(failures, encodings.stderr)
    if timeout_ms is not None and error is not None:
        err = Decoded(
            f"{err.text}{'' if err.text.endswith(chr(10)) or not err.text else chr(10)}{error}", err.lossy, err.base64
        )
    exited = timeout_ms is None and not overflowed and code is not None and code >= 0
    return {
        "ok": error is None,
        "success": error is None,
        "code": code if exited else None,
        "timed_out": timeout_ms is not None,
        "error": error,
        **streams(encodings, out, err),
    }


def streams(encodings: Encodings, out: Decoded, err: Decoded) -> dict[str, object]:
    """The fields of a result about both streams."""
    return {
        "stdout": out.text,
        "stderr": err.text,
        "stdout_encoding": encodings.stdout.name,
        "stderr_encoding": encodings.stderr.name,
        "stdout_lossy": out.lossy,
        "stderr_lossy": err.lossy,
        "stdout_base64": out.base64,
        "stderr_base64": err.base64,
    }


def _unstarted(encodings: Encodings, error: str) -> dict[str, object]:
    fields = streams(encodings, Decoded("", False, None), Decoded(error, False, None))
    return {"ok": False, "success": False, "code": None, "timed_out": False, "error": error, **fields}


def _reason(error: OSError | ValueError) -> str:
    return f"{error.strerror} (os error {error.errno})" if isinstance(error, OSError) else str(error)
