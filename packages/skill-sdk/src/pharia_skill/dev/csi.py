"""What a skill that runs natively asks: a kernel, or a stand-in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from pharia_skill.csi import Csi
from pharia_skill.dev.program import KernelProgram


@contextmanager
def csi_for(kernel: str | None, *, stub: bool, namespace: str) -> Iterator[Csi]:
    """Of the kernel at that address, else of the one ``PHARIA_KERNEL_ADDRESS`` names, else of one started for it.

    Raises :class:`~pharia_skill.errors.PhariaSkillError`.
    """
    if stub:
        from pharia_skill.testing import StubCsi

        yield StubCsi()
        return
    from pharia_skill.testing import DevCsi  # loads the HTTP client and tracing
    from pharia_skill.testing.dev.environment import KERNEL_ADDRESS, load_environment

    load_environment()
    if address := kernel or os.environ.get(KERNEL_ADDRESS):
        with DevCsi(namespace, address=address) as csi:
            yield csi
        return
    with KernelProgram(0, {"LOG_LEVEL": "warn"}) as program, DevCsi(namespace, address=program.url) as csi:
        yield csi
