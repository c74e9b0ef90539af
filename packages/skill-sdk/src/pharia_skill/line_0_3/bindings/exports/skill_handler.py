"""
What a function skill exports. Bytes are UTF-8 JSON on the way in and out.
"""
from typing import TypeVar, Generic, Union, Optional, Protocol, Tuple, List, Any, Self
from types import TracebackType
from enum import Flag, Enum, auto
from dataclasses import dataclass
from abc import abstractmethod
import weakref

from ..types import Result, Ok, Err, Some



@dataclass
class Error_Internal:
    value: str


@dataclass
class Error_InvalidInput:
    value: str


Error = Union[Error_Internal, Error_InvalidInput]


@dataclass
class SkillMetadata:
    """
    Schemas are JSON Schema documents as UTF-8 bytes.
    """
    description: Optional[str]
    input_schema: bytes
    output_schema: bytes

