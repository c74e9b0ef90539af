"""
Language guessing among candidates.
"""
from typing import TypeVar, Generic, Union, Optional, Protocol, Tuple, List, Any, Self
from types import TracebackType
from enum import Flag, Enum, auto
from dataclasses import dataclass
from abc import abstractmethod
import weakref

from ..types import Result, Ok, Err, Some


@dataclass
class SelectLanguageRequest:
    text: str
    languages: List[str]


def select_language(request: List[SelectLanguageRequest]) -> List[Optional[str]]:
    """
    three-letter ISO 639-3 codes; none when unsure
    """
    raise NotImplementedError

