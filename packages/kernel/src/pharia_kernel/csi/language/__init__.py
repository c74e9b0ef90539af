"""In which of some languages a text is written: drivers behind :class:`LanguageSelection`."""

from pharia_kernel.csi.language.selection import AbsentLanguages, LanguageSelection
from pharia_kernel.csi.language.selector import LanguageOptions, LanguageSelector

__all__ = ["AbsentLanguages", "LanguageOptions", "LanguageSelection", "LanguageSelector"]
