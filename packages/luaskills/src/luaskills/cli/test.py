"""``test``."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from luaskills.cli.commands import Commands
from luaskills.cli.global_options import UsageError
from luaskills.cli.output import counted, print_json
from luaskills.engine.callbacks import NAMES
from luaskills.errors import EngineError
from luaskills.testing import Case, CaseResult, Settings, cases_at, run_case
from luaskills.testing.host import Callback
from luaskills.testing.tester import TIME_LIMIT_MS
from luaskills.types import Flavour, Profile

_NONE = "there are no cases to run (they stand in tests/*.yaml of a package)"
_NONE_TO_RECORD = "there are no cases to record (those that are have a `recording`)"


def add(commands: Commands) -> None:
    """Add this command."""
    test = commands.add("test", _test, "Run the cases below `tests/` of a skill package, each in an engine of its own.")
    test.add_argument("paths", metavar="PATH", nargs="*", help="package, folder of packages or case file; default: .")
    test.add_argument("-k", metavar="TEXT", dest="wanted", default="", help="only cases whose name has this text")
    test.add_argument("--record", action="store_true", help="ask the host of --host and write the recordings anew")
    test.add_argument("--host", metavar="FILE:NAME", help="callbacks to record: FILE.py:NAME or MODULE:NAME")
    test.add_argument("--timeout-ms", metavar="N", type=int, default=TIME_LIMIT_MS, help="longest call (%(default)s)")
    test.add_argument("--allow-download", action="store_true", help="let dependencies be downloaded")
    test.add_argument("--json", action="store_true", help="show the results as JSON")


def _test(given: argparse.Namespace) -> int:
    settings = _settings(given)
    cases = [case for path in given.paths or ["."] for case in cases_at(path)]
    cases = [case for case in cases if given.wanted in case.name]
    if given.record:
        cases = [case for case in cases if case.recording is not None]
    if not cases:
        if given.wanted:
            raise EngineError(
                f"there are no cases {'to record' if given.record else 'to run'} with {given.wanted!r} in the name"
            )
        raise EngineError(_NONE_TO_RECORD if given.record else _NONE)
    results = []
    for case in cases:
        results.append(run_case(case, settings))
        if given.interrupted.is_set():  # in Lua, which took it for an error of its own
            raise KeyboardInterrupt
        if not given.json:
            print(_told(results[-1]), flush=True)
    failed = sum(not result.passed for result in results)
    if given.json:
        print_json([_as_json(result) for result in results])
    else:
        print(f"{counted(len(results), 'case')}: {len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


def _settings(given: argparse.Namespace) -> Settings:
    if given.timeout_ms < 1:
        raise UsageError("--timeout-ms must be at least 1")
    if given.record != (given.host is not None):
        raise UsageError("--record needs --host, whose answers it writes down, and --host needs --record")
    return Settings(
        profile=Profile(given.profile or Profile.STANDARD),
        flavour=Flavour(given.flavour or Flavour.LUAJIT),
        time_limit_ms=given.timeout_ms,
        allow_download=given.allow_download,
        record=None if given.host is None else load_callbacks(given.host),
    )


def load_callbacks(place: str) -> Mapping[str, Callback]:
    """The callbacks of ``FILE.py:NAME`` or ``MODULE:NAME``: a mapping, or a function that gives one."""
    source, _, name = place.rpartition(":")
    if not source or not name:
        raise UsageError(f"--host must be FILE.py:NAME or MODULE:NAME: {place!r}")
    found: Any = getattr(_module(source), name, None)
    if callable(found):
        found = found()
    if not isinstance(found, Mapping) or not all(callable(callback) for callback in found.values()):
        raise UsageError(f"--host {place} is no mapping of callbacks by name")
    unknown = sorted(set(found) - NAMES)
    if unknown:
        raise UsageError(f"--host {place} has no known callback {unknown[0]!r} (known: {', '.join(sorted(NAMES))})")
    return found


def _module(source: str) -> Any:
    path = Path(source)
    if path.suffix != ".py":
        try:
            return importlib.import_module(source)
        except ModuleNotFoundError as error:
            if error.name is None or not f"{source}.".startswith(f"{error.name}."):
                raise
            raise UsageError(f"--host: there is no module {source} (a file is FILE.py:NAME)") from None
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise UsageError(f"--host: there is no file {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def _told(result: CaseResult) -> str:
    place = f"{_shown(result.case)}:{result.case.line}: {result.case.name}"
    if result.passed:
        return f"ok      {place}"
    lines = [f"FAILED  {place}", *_indented(result.problems)]
    if result.log:
        lines += ["  logged:", *_indented(result.log, "    ")]
    return "\n".join(lines)


def _indented(texts: Sequence[str], by: str = "  ") -> list[str]:
    return [f"{by}{line}" for text in texts for line in text.splitlines()]


def _shown(case: Case) -> str:
    """The file as seen from here."""
    try:
        return str(case.file.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(case.file)


def _as_json(result: CaseResult) -> dict[str, Any]:
    case = result.case
    return {
        "file": _shown(case),
        "line": case.line,
        "name": case.name,
        "passed": result.passed,
        "problems": list(result.problems),
        "log": list(result.log),
    }
