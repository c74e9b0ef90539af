"""What OpenTelemetry's conventions for generative AI call the parts of a request.

Plain values under plain names: nothing here needs OpenTelemetry, which must stay out of components.
"""

from __future__ import annotations

Attributes = dict[str, str | int | float | list[str]]

_PARAMS = ("max_tokens", "temperature", "top_p", "frequency_penalty", "presence_penalty")


def params_attributes(params: object) -> Attributes:
    """Of completion and chat parameters; what is ``None`` is left out."""
    values = {name: getattr(params, name) for name in _PARAMS}
    return {f"gen_ai.request.{name}": value for name, value in values.items() if value is not None}
