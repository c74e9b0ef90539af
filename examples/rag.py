"""A skill that answers from documents: it searches, and lets the model answer from what was found.

The documents are added with `pharia-kernel documents add team/handbook handbook`.
"""

from pydantic import BaseModel

from pharia_skill import ChatParams, Csi, IndexPath, Message, skill

HANDBOOK = IndexPath("team", "handbook", "default")


class Input(BaseModel):
    question: str


class Output(BaseModel):
    answer: str
    sources: list[str]
    """Names of the documents the model was shown."""


@skill
def rag(csi: Csi, input: Input) -> Output:
    """Answer a question from the team's handbook."""
    found = csi.search(HANDBOOK, input.question, max_results=3, min_score=0.1)
    if not found:
        return Output(answer="The handbook says nothing about that.", sources=[])
    passages = "\n\n".join(f"[{result.document_path.name}]\n{result.content}" for result in found)
    messages = [
        Message.system("Answer in one sentence, and only from these passages of the handbook.\n\n" + passages),
        Message.user(input.question),
    ]
    response = csi.chat("llama-3.1-8b-instruct", messages, ChatParams(max_tokens=128))
    sources = sorted({result.document_path.name for result in found})
    return Output(answer=(response.message.content or "").strip(), sources=sources)
