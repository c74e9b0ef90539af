"""What an API of Aleph Alpha answers, for the stub, and the kernel's backend for it."""

from __future__ import annotations

from typing import Any

from doubles.endpoint import Endpoint
from doubles.openai_stub import Reply
from pharia_kernel.csi.inference.aleph_alpha import AlephAlphaBackend, AlephAlphaOptions
from pharia_kernel.types import Caller

Json = Any

CALLER = Caller("token-of-the-caller")


async def aleph_alpha(
    endpoint: Endpoint, *replies: Reply, trace_headers: Any = None, **options: Any
) -> AlephAlphaBackend:
    endpoint.stub.replies = list(replies) or endpoint.stub.replies
    settings = AlephAlphaOptions(endpoint.stub.url, **options)
    backend = AlephAlphaBackend(settings, trace_headers=trace_headers, uniform=lambda low, high: low)
    return await endpoint.entered(backend)


def completed(text: str | None, *, finish: str | None = "end_of_text", **members: Json) -> Json:
    """Answer of ``/complete``."""
    return {
        "model_version": "stub-1",
        "completions": [{"completion": text, "finish_reason": finish, **members}],
        "num_tokens_prompt_total": 3,
        "num_tokens_generated": 2,
    }


def chunk(text: str, **members: Json) -> Json:
    return {"type": "stream_chunk", "index": 0, "completion": text, **members}


def summary(finish: str = "end_of_text") -> Json:
    return {"type": "stream_summary", "index": 0, "model_version": "stub-1", "finish_reason": finish}


def totals(prompt: int = 3, completion: int = 2) -> Json:
    return {"type": "completion_summary", "num_tokens_prompt_total": prompt, "num_tokens_generated": completion}


def completion_events(*texts: str, finish: str = "end_of_text") -> list[Json]:
    return [*map(chunk, texts), summary(finish), totals()]


def explained(*scores: tuple[int, int, float], kind: str = "text") -> Json:
    """Answer of ``/explain``."""
    found = [{"start": start, "length": length, "score": score} for start, length, score in scores]
    target = {"type": "target", "scores": [{"start": 0, "length": 3, "score": 0.5}]}
    return {
        "model_version": "stub-1",
        "explanations": [{"target": "t", "items": [{"type": kind, "scores": found}, target]}],
    }


def refused(message: str, code: str | None = None) -> Json:
    return {"error": message, "code": code}
