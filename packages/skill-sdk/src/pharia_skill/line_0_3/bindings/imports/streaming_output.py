"""
Provided by the host to message-stream skills.
"""
from typing import TypeVar, Generic, Union, Optional, Protocol, Tuple, List, Any, Self
from types import TracebackType
from enum import Flag, Enum, auto
from dataclasses import dataclass
from abc import abstractmethod
import weakref

from ..types import Result, Ok, Err, Some


@dataclass
class BeginAttributes:
    """
    The role is accepted and ignored.
    """
    role: Optional[str]


@dataclass
class MessageItem_MessageBegin:
    value: BeginAttributes


@dataclass
class MessageItem_MessageAppend:
    value: str


@dataclass
class MessageItem_MessageEnd:
    value: Optional[bytes]


MessageItem = Union[MessageItem_MessageBegin, MessageItem_MessageAppend, MessageItem_MessageEnd]
"""
Host enforces: begin, then any number of parts, then end.
"""


class StreamOutput:
    
    def write(self, item: MessageItem) -> None:
        raise NotImplementedError
    def __enter__(self) -> Self:
        """Returns self"""
        return self
                                
    def __exit__(self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None) -> bool | None:
        """
        Release this resource.
        """
        raise NotImplementedError



