"""
Tools of the namespace the skill runs in.
"""
from typing import TypeVar, Generic, Union, Optional, Protocol, Tuple, List, Any, Self
from types import TracebackType
from enum import Flag, Enum, auto
from dataclasses import dataclass
from abc import abstractmethod
import weakref

from ..types import Result, Ok, Err, Some


@dataclass
class Argument:
    name: str
    value: bytes

@dataclass
class InvokeRequest:
    tool_name: str
    arguments: List[Argument]


@dataclass
class Modality_Text:
    value: str


Modality = Union[Modality_Text]


@dataclass
class Tool:
    name: str
    description: str
    input_schema: bytes


def invoke_tool(request: List[InvokeRequest]) -> List[Result[List[Modality], str]]:
    raise NotImplementedError

def list_tools() -> List[Tool]:
    raise NotImplementedError

