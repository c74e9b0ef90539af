"""From requests of the neutral model to bodies of ``/complete`` and ``/explain``. What was not given is not sent."""

from __future__ import annotations

from pharia_kernel.csi.http.body import Body, encoded, given
from pharia_kernel.csi.types import CompleteRequest, ExplainRequest, TopLogprobs
from pharia_kernel.errors import UnsupportedOperation


def completion_body(request: CompleteRequest, *, stream: bool) -> bytes:
    if request.seed is not None:
        raise UnsupportedOperation(
            f"completions of model {request.model!r} take no seed at an API of Aleph Alpha; leave it out"
        )
    body: Body = {"model": request.model, "prompt": _prompt(request.prompt)}
    given(
        body,
        maximum_tokens=request.max_tokens,
        stop_sequences=list(request.stop) or None,
        temperature=request.temperature,
        top_k=request.top_k,
        top_p=request.top_p,
        frequency_penalty=request.frequency_penalty,
        presence_penalty=request.presence_penalty,
        raw_completion=request.special_tokens or None,
        echo=request.echo or None,
        stream=stream or None,
    )
    if request.logprobs != "no":
        # Zero is how the log probability of the sampled token alone is asked for.
        body |= {"log_probs": request.logprobs.top if isinstance(request.logprobs, TopLogprobs) else 0, "tokens": True}
    return encoded(body)


def explanation_body(request: ExplainRequest) -> bytes:
    body: Body = {"model": request.model, "prompt": _prompt(request.prompt), "target": request.target}
    if request.granularity != "auto":
        body["prompt_granularity"] = {"type": request.granularity}
    return encoded(body)


def _prompt(text: str) -> list[Body]:
    return [{"type": "text", "data": text}]
