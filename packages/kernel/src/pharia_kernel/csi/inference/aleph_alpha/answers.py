"""From answers of ``/complete`` and ``/explain`` to answers of the neutral model."""

from __future__ import annotations

import msgspec

from pharia_kernel.csi.http.decoding import decoded, unexpected
from pharia_kernel.csi.http.failures import Asked
from pharia_kernel.csi.inference.aleph_alpha import wire
from pharia_kernel.csi.inference.openai.answers import finish_reason
from pharia_kernel.csi.inference.openai.logprobs import kept_alternatives, token_logprobs
from pharia_kernel.csi.inference.openai.wire import Logprobs
from pharia_kernel.csi.inference.streams import StreamEnding
from pharia_kernel.csi.types import (
    CompleteAnswer,
    CompleteRequest,
    End,
    Finish,
    Part,
    Score,
    TextPart,
    TokenLogprob,
    Usage,
)

_FINISH: dict[str, Finish] = {
    "length": "length",
    "maximum_tokens": "length",
    "stop": "stop",
    "end_of_text": "stop",
    "stop_sequence_reached": "stop",
    "content_filter": "content-filter",
}


def complete_answer(request: CompleteRequest, data: bytes, asked: Asked) -> CompleteAnswer:
    """The last completion counts."""
    answer = decoded(wire.decode_completion, data, asked)
    if not answer.completions:
        raise unexpected(asked, "it has no completion")
    result = answer.completions[-1]
    text = result.raw_completion if request.special_tokens else result.completion
    if text is None:
        raise unexpected(asked, f"its completion has no {'raw ' if request.special_tokens else ''}text")
    usage = _usage(answer)
    if usage is None:
        raise unexpected(asked, "it has no numbers of tokens")
    return CompleteAnswer(
        text=text,
        finish=finish_reason(result.finish_reason, asked, _FINISH),
        tokens=_tokens(result, kept_alternatives(request.logprobs, chat=False)),
        usage=usage,
        model=answer.model_version,
    )


def scores(data: bytes, asked: Asked) -> list[Score]:
    """Of the prompt, which is one text, for the whole target."""
    answer = decoded(wire.decode_explained, data, asked)
    items = answer.explanations[-1].items if answer.explanations else None
    if not items or items[0].type != "text":
        raise unexpected(asked, "it explains no text")
    try:
        found = wire.decode_text_scores(items[0].scores)
    except msgspec.DecodeError as error:
        raise unexpected(asked, f"its scores are not those of a text: {error}") from None
    return [Score(one.start, one.length, one.score) for one in found]


class CompletionReader:
    """Implements :class:`~pharia_kernel.csi.inference.streams.StreamReader`."""

    def __init__(self, request: CompleteRequest, asked: Asked) -> None:
        self._ending = StreamEnding(asked)
        self._alternatives = kept_alternatives(request.logprobs, chat=False)
        self._raw = request.special_tokens
        self._tokens: tuple[TokenLogprob, ...] = ()

    def read(self, event: bytes) -> list[Part]:
        found = decoded(wire.decode_event, event, self._ending.asked)
        self._ending.events += 1
        if found.model_version is not None:
            self._ending.model = found.model_version
        if found.type == "stream_chunk":
            return self._text(found)
        if found.type == "stream_summary" and self._ending.finish is None:
            self._ending.finish = finish_reason(found.finish_reason, self._ending.asked, _FINISH)
            return [End(self._ending.finish)]
        if found.type == "completion_summary":
            self._ending.usage = _usage(found)
        return []

    def end(self, *, announced: bool) -> list[Part]:
        return self._ending.used(announced=announced)

    def _text(self, chunk: wire.Event) -> list[Part]:
        self._tokens += _tokens(chunk, self._alternatives)
        if not (text := chunk.raw_completion if self._raw else chunk.completion):
            return []
        tokens, self._tokens = self._tokens, ()
        return [TextPart(text, tokens)]


def _usage(found: wire.Completion | wire.Event) -> Usage | None:
    if found.num_tokens_prompt_total is None or found.num_tokens_generated is None:
        return None
    return Usage(found.num_tokens_prompt_total, found.num_tokens_generated)


def _tokens(result: wire.Result, alternatives: int) -> tuple[TokenLogprob, ...]:
    if result.log_probs is None or result.completion_tokens is None:
        return ()
    values = [(of or {}).get(token) for token, of in zip(result.completion_tokens, result.log_probs, strict=False)]
    return token_logprobs(Logprobs(None, result.completion_tokens, values, [*result.log_probs]), alternatives)
