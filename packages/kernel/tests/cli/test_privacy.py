"""Programs of the same user do not read the memory and environment of the kernel."""

from __future__ import annotations

import subprocess
import sys

import pytest

_DUMPABLE = "import ctypes; print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux")
def test_a_private_process_is_closed_to_others_and_the_programs_it_starts_are_not() -> None:
    code = "\n".join(
        (
            "import subprocess, sys",
            "from pharia_kernel.cli.privacy import keep_private",
            _DUMPABLE,
            "keep_private()",
            _DUMPABLE,
            f"print(subprocess.run([sys.executable, '-c', {_DUMPABLE!r}], capture_output=True, text=True).stdout)",
        )
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["1", "0", "1"]
