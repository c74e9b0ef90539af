"""What the kernel wants from something that tells languages apart."""

from __future__ import annotations

from typing import Protocol

from pharia_kernel.csi.types import LanguageRequest
from pharia_kernel.errors import NotConfigured

_CODES = (
    "afr ara aze bel ben bos bul cat ces cym dan deu ell eng epo est eus fas fin fra gle guj heb hin hrv hun hye "
    "ind isl ita jpn kat kaz kor lat lav lit lug mar mkd mon mri msa nld nno nob pan pol por ron rus slk slv sna "
    "som sot spa sqi srp swa swe tam tel tgl tha tsn tso tur ukr urd vie xho yor zho zul"
)
CODES = frozenset(_CODES.split())
"""ISO 639-3 codes of the languages that can be candidates."""


class LanguageSelection(Protocol):
    """One of the request's candidates, or None if none is convincing; raises :class:`~pharia_kernel.errors.CsiError`.

    Cancelling the awaiting task ends the work.
    """

    async def select(self, request: LanguageRequest) -> str | None: ...


class AbsentLanguages:
    """Implements :class:`LanguageSelection`; every call raises NotConfigured."""

    async def select(self, request: LanguageRequest) -> str | None:
        raise NotConfigured(
            "languages can not be detected: this kernel has no driver for it; ask its operator, or let the skill do "
            "without"
        )
