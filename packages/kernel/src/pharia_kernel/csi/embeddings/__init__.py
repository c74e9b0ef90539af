"""Texts as vectors: the embedded model, or any endpoint that speaks the OpenAI API."""

from pharia_kernel.csi.embeddings.absent import AbsentEmbedder
from pharia_kernel.csi.embeddings.embedder import Embedder
from pharia_kernel.csi.embeddings.openai import EmbeddingOptions, OpenAiEmbedder
from pharia_kernel.csi.embeddings.static import StaticEmbedder

__all__ = ["AbsentEmbedder", "Embedder", "EmbeddingOptions", "OpenAiEmbedder", "StaticEmbedder"]
