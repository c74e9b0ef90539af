"""Any endpoint that speaks the OpenAI API."""

from pharia_kernel.csi.inference.openai.backend import OpenAiBackend
from pharia_kernel.csi.inference.openai.endpoint import OpenAiOptions
from pharia_kernel.csi.inference.openai.retry import RetryPolicy

__all__ = ["OpenAiBackend", "OpenAiOptions", "RetryPolicy"]
