"""Summarizes a text in its own language, part by part."""

from enum import Enum

from pydantic import BaseModel, RootModel

from pharia_skill import ChunkParams, CompletionParams, CompletionRequest, Csi, Language, skill

MODEL = "llama-3.1-8b-instruct"


class Length(str, Enum):
    SHORT = "short"
    LONG = "long"


class Input(BaseModel):
    text: str
    length: Length


class Summary(RootModel[str]):
    pass


@skill
def multilingual(csi: Csi, input: Input) -> Summary:
    """Summarize."""
    found = csi.select_language(input.text, [Language.English, Language.German])
    words = "In einem Satz:" if found is Language.German else "In one sentence:"
    chunks = csi.chunk(input.text, ChunkParams(MODEL, max_tokens=30))
    params = CompletionParams(max_tokens=16 if input.length is Length.SHORT else 64)
    requests = [CompletionRequest(MODEL, f"{chunk.text}\n{words}", params) for chunk in chunks]
    return Summary(" ".join(completion.text for completion in csi.complete_concurrent(requests)))
