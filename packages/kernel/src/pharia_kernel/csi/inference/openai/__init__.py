"""Any endpoint that speaks the OpenAI API."""

from pharia_kernel.csi.http.retry import RetryPolicy
from pharia_kernel.csi.inference.openai.backend import OpenAiBackend, OpenAiOptions

__all__ = ["OpenAiBackend", "OpenAiOptions", "RetryPolicy"]
