"""Components of this SDK beside those of the released ``pharia-skill`` 0.19.2: size, time to build, time to call.

The same sources are built by both, each in its own environment, and run in the kernel's component host. Part of a call
is spent where no SDK has a say: in the host, in the crossing to it, in pydantic. The same skill written without an SDK
shows how much.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import time
import venv
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.built import HERE, cache
from bench.one_instance import Skill
from bench.report import Line, at_most, show

RELEASED = "0.19.2"
INPUT = b'{"topic":"oat milk"}'
BUILDS = 3
ROUNDS = 7
FRESH_CALLS = 60
WARM_CALLS = 400
WARM_UP = 50
OUR_LINE = ("--wit", "0.3")
"""The interface the released SDK builds for."""
MIB = 1024 * 1024


def released_scripts() -> Path:
    """Where the commands of the released SDK are, in an environment made once."""
    folder = cache() / f"released-sdk-{RELEASED}"
    scripts = folder / ("Scripts" if os.name == "nt" else "bin")
    if not (folder / "complete").exists():
        venv.create(folder, with_pip=True, clear=True)
        install = [str(scripts / "python"), "-m", "pip", "install", "--quiet", f"pharia-skill=={RELEASED}"]
        subprocess.run(install, check=True)
        (folder / "complete").touch()
    return scripts


def project(name: str) -> Path:
    """A folder with the source, and nothing of the other SDK."""
    folder = cache() / "sdk-comparison" / name
    folder.mkdir(parents=True, exist_ok=True)
    for source in (HERE / "sdk_skills").glob("*.py"):
        shutil.copyfile(source, folder / source.name)
    return folder


def build(scripts: Path, folder: Path, *options: str, skill: str = "poem") -> float:
    """Seconds of the whole command."""
    # The released SDK finds componentize-py by the first and its own package by the second.
    found = {"PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}", "VIRTUAL_ENV": str(scripts.parent)}
    environment = {**os.environ, **found}
    command = [str(scripts / "pharia-skill"), "build", skill, "--no-interactive", *options]
    begin = time.perf_counter()
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    return time.perf_counter() - begin


def built() -> tuple[dict[str, Path], list[Line]]:
    """The components by who made them, and what their making took."""
    theirs, ours = project("released"), project("ours")
    released, own = released_scripts(), Path(sys.executable).parent
    for skill in ("poem", "bare"):
        build(released, theirs, skill=skill)
        build(own, ours, *OUR_LINE, skill=skill)
    build(own, ours, *OUR_LINE, skill="by_hand")
    times = [(build(released, theirs), build(own, ours, *OUR_LINE, "--force")) for _ in range(BUILDS)]
    again = min(build(own, ours, *OUR_LINE) for _ in range(BUILDS))
    their_seconds, our_seconds = (min(each) for each in zip(*times, strict=True))
    return {"released": theirs / "poem.wasm", "ours": ours / "poem.wasm", "by hand": ours / "by_hand.wasm"}, [
        *_sizes("component", theirs / "poem.wasm", ours / "poem.wasm", 0.55),
        *_sizes("component of a skill without pydantic", theirs / "bare.wasm", ours / "bare.wasm", 0.5),
        Line(f"time to build, released (best of {BUILDS})", their_seconds, "s"),
        Line(f"time to build (best of {BUILDS})", our_seconds, "s"),
        at_most("ratio", our_seconds / their_seconds, "x", 0.75),
        at_most("time to build what has not changed", again, "s", 1),
    ]


def _sizes(what: str, theirs: Path, ours: Path, limit: float) -> list[Line]:
    their_size, our_size = (path.stat().st_size for path in (theirs, ours))
    return [
        Line(f"size of the {what}, released", their_size / MIB, "MiB"),
        Line(f"size of the {what}", our_size / MIB, "MiB"),
        at_most("ratio", our_size / their_size, "x", limit),
    ]


def called(files: dict[str, Path]) -> list[Line]:
    skills = {name: Skill(path, INPUT, cache() / "compiled") for name, path in files.items()}
    fresh = _in_turns(skills, lambda skill: [skill.fresh() for _ in range(FRESH_CALLS)])
    warm = _in_turns(skills, lambda skill: [(seconds,) for seconds in skill.warm(WARM_CALLS)[WARM_UP:]])
    answer, whole, live = fresh[0], fresh[1], warm[0]
    return [
        *_compared("call in a fresh instance, with making it and taking it down", whole, 0.7),
        *_compared("call in a fresh instance that was ready", answer, 0.7),
        *_compared("call in a live instance", live, 0.5),
        Line("call in a live instance, written without an SDK", live["by hand"], "ms"),
        at_most("ratio of what each SDK adds to that", _added(live), "x", 0.5),
    ]


def _in_turns(
    skills: dict[str, Skill], measure: Callable[[Skill], Sequence[tuple[float, ...]]]
) -> list[dict[str, float]]:
    """Milliseconds: per column of what is measured, and per skill, the best median of all rounds."""
    medians: dict[str, list[list[float]]] = {name: [] for name in skills}
    for _ in range(ROUNDS):
        for name, skill in skills.items():
            medians[name].append([statistics.median(column) * 1e3 for column in zip(*measure(skill), strict=True)])
    columns = len(next(iter(medians.values()))[0])
    return [{name: min(row[column] for row in rows) for name, rows in medians.items()} for column in range(columns)]


def _compared(what: str, times: dict[str, float], limit: float) -> list[Line]:
    return [
        Line(f"{what}, released", times["released"], "ms"),
        Line(what, times["ours"], "ms"),
        at_most("ratio", times["ours"] / times["released"], "x", limit),
    ]


def _added(times: dict[str, float]) -> float:
    return (times["ours"] - times["by hand"]) / (times["released"] - times["by hand"])


def main() -> None:
    files, lines = built()
    show(f"a chat skill beside one of the released SDK {RELEASED}", [*lines, *called(files)])


if __name__ == "__main__":
    main()
