"""
Model calls. A list of requests is answered by a list of the same length and order.
"""
from typing import TypeVar, Generic, Union, Optional, Protocol, Tuple, List, Any, Self
from types import TracebackType
from enum import Flag, Enum, auto
from dataclasses import dataclass
from abc import abstractmethod
import weakref

from ..types import Result, Ok, Err, Some


class FinishReason(Enum):
    STOP = 0
    LENGTH = 1
    CONTENT_FILTER = 2
    TOOL_CALLS = 3

@dataclass
class Logprob:
    token: bytes
    logprob: float

@dataclass
class Distribution:
    sampled: Logprob
    top: List[Logprob]

@dataclass
class TokenUsage:
    prompt: int
    completion: int

@dataclass
class Completion:
    text: str
    finish_reason: FinishReason
    logprobs: List[Distribution]
    usage: TokenUsage


@dataclass
class Logprobs_No:
    pass


@dataclass
class Logprobs_Sampled:
    pass


@dataclass
class Logprobs_Top:
    value: int


Logprobs = Union[Logprobs_No, Logprobs_Sampled, Logprobs_Top]


@dataclass
class CompletionParams:
    max_tokens: Optional[int]
    temperature: Optional[float]
    top_k: Optional[int]
    top_p: Optional[float]
    stop: List[str]
    return_special_tokens: bool
    frequency_penalty: Optional[float]
    presence_penalty: Optional[float]
    logprobs: Logprobs
    echo: bool

@dataclass
class CompletionRequest:
    model: str
    prompt: str
    params: CompletionParams

@dataclass
class CompletionAppend:
    text: str
    logprobs: List[Distribution]


@dataclass
class CompletionEvent_Append:
    value: CompletionAppend


@dataclass
class CompletionEvent_End:
    value: FinishReason


@dataclass
class CompletionEvent_Usage:
    value: TokenUsage


CompletionEvent = Union[CompletionEvent_Append, CompletionEvent_End, CompletionEvent_Usage]
"""
usual order: append..., end, usage
"""


class CompletionStream:
    """
    Constructor starts the request; next blocks, none means finished.
    """
    
    def __init__(self, init: CompletionRequest) -> None:
        raise NotImplementedError

    def next(self) -> Optional[CompletionEvent]:
        raise NotImplementedError
    def __enter__(self) -> Self:
        """Returns self"""
        return self
                                
    def __exit__(self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None) -> bool | None:
        """
        Release this resource.
        """
        raise NotImplementedError


@dataclass
class ToolMessage:
    content: str
    tool_call_id: str

@dataclass
class OtherMessage:
    role: str
    content: str

@dataclass
class ToolCall:
    id: str
    name: str
    arguments: str

@dataclass
class AssistantMessage:
    content: Optional[str]
    reasoning_content: Optional[str]
    tool_calls: Optional[List[ToolCall]]


@dataclass
class Message_Assistant:
    value: AssistantMessage


@dataclass
class Message_Tool:
    value: ToolMessage


@dataclass
class Message_Other:
    value: OtherMessage


Message = Union[Message_Assistant, Message_Tool, Message_Other]


@dataclass
class Function:
    name: str
    description: Optional[str]
    parameters: Optional[bytes]
    strict: Optional[bool]


@dataclass
class ToolChoice_None_:
    pass


@dataclass
class ToolChoice_Auto:
    pass


@dataclass
class ToolChoice_Required:
    pass


@dataclass
class ToolChoice_Named:
    value: str


ToolChoice = Union[ToolChoice_None_, ToolChoice_Auto, ToolChoice_Required, ToolChoice_Named]


class ReasoningEffort(Enum):
    MINIMAL = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3

@dataclass
class JsonSchema:
    description: Optional[str]
    name: str
    schema: Optional[bytes]
    strict: Optional[bool]


@dataclass
class ResponseFormat_Text:
    pass


@dataclass
class ResponseFormat_JsonObject:
    pass


@dataclass
class ResponseFormat_JsonSchema:
    value: JsonSchema


ResponseFormat = Union[ResponseFormat_Text, ResponseFormat_JsonObject, ResponseFormat_JsonSchema]


@dataclass
class ChatParams:
    max_tokens: Optional[int]
    max_completion_tokens: Optional[int]
    temperature: Optional[float]
    top_p: Optional[float]
    frequency_penalty: Optional[float]
    presence_penalty: Optional[float]
    logprobs: Logprobs
    tools: Optional[List[Function]]
    tool_choice: Optional[ToolChoice]
    parallel_tool_calls: Optional[bool]
    response_format: Optional[ResponseFormat]
    reasoning_effort: Optional[ReasoningEffort]

@dataclass
class ChatResponse:
    message: AssistantMessage
    finish_reason: FinishReason
    logprobs: List[Distribution]
    usage: TokenUsage

@dataclass
class ChatRequest:
    model: str
    messages: List[Message]
    params: ChatParams

@dataclass
class MessageAppend:
    content: str

@dataclass
class ToolCallChunk:
    """
    fields arrive in pieces; join those with the same index
    """
    index: int
    id: Optional[str]
    name: Optional[str]
    arguments: Optional[str]


@dataclass
class ChatEvent_MessageBegin:
    value: str


@dataclass
class ChatEvent_Reasoning:
    value: str


@dataclass
class ChatEvent_MessageAppend:
    value: MessageAppend


@dataclass
class ChatEvent_MessageEnd:
    value: FinishReason


@dataclass
class ChatEvent_Usage:
    value: TokenUsage


@dataclass
class ChatEvent_ToolCall:
    value: List[ToolCallChunk]


ChatEvent = Union[ChatEvent_MessageBegin, ChatEvent_Reasoning, ChatEvent_MessageAppend, ChatEvent_MessageEnd, ChatEvent_Usage, ChatEvent_ToolCall]
"""
usual order: message-begin, parts..., message-end, usage
"""


class ChatStream:
    """
    Constructor starts the request; next blocks, none means finished.
    """
    
    def __init__(self, init: ChatRequest) -> None:
        raise NotImplementedError

    def next(self) -> Optional[ChatEvent]:
        raise NotImplementedError
    def __enter__(self) -> Self:
        """Returns self"""
        return self
                                
    def __exit__(self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None) -> bool | None:
        """
        Release this resource.
        """
        raise NotImplementedError



def complete(requests: List[CompletionRequest]) -> List[Completion]:
    raise NotImplementedError

def chat(requests: List[ChatRequest]) -> List[ChatResponse]:
    raise NotImplementedError

