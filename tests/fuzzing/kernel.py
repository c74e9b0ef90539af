"""The whole kernel behind real HTTP, as a program: writes its URL, serves until its input ends.

What it logs about faults of its own goes to the file ``mistakes`` of its folder, one JSON text per line.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from pathlib import Path

from components import wat
from doubles.documented_kernel import DocumentedKernel
from doubles.openai_stub import (
    Choose,
    Events,
    Json,
    OpenAiStub,
    Whole,
    chat_answer,
    chat_chunks,
    completion_answer,
    piece,
    usage,
)
from pharia_kernel import Settings
from pharia_kernel.api.server import bind, serve

MISTAKES = "mistakes"
SKILLS = {
    "echo": wat.handler(wat.ECHO),
    "stream": wat.STREAM_ECHO,
    "trapping": wat.TRAPPING,
    "not-json": wat.NOT_JSON,
    "rejecting": wat.REJECTING,
}


def _model(body: Json) -> Whole | Events:
    if "prompt" in body:
        answered = Events([piece("Hello", "stop"), usage()])
        return answered if body.get("stream") else Whole(completion_answer("Hello"))
    return Events(chat_chunks("Hello")) if body.get("stream") else Whole(chat_answer("Hello"))


class _Mistakes(logging.FileHandler):
    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(super().format(record))


def _put(skills: Path) -> None:
    skills.mkdir()
    for name, code in SKILLS.items():
        (skills / f"{name}.wasm").write_bytes(code)


async def _serve(folder: Path) -> None:
    skills = folder / "skills"
    async with OpenAiStub(Choose(_model)) as stub:
        settings = Settings.model_validate(
            {
                "namespaces": {"dev": {"directory": skills, "native-tools": ["add", "saboteur"]}},
                "inference": "openai",
                "openai-inference": {"url": stub.url, "token": "sk-test"},
                "chunking": {"fallback": "characters"},
                "limits": {"deadline-seconds": 60, "memory-bytes": 32 << 20},
                "cache-dir": folder / "cache",
                "embedded-documents": {"directory": folder / "documents"},
            }
        )
        async with DocumentedKernel(settings) as kernel, serve(kernel, settings, listener=bind("127.0.0.1:0")) as url:
            await kernel.loaded()
            print(url, flush=True)
            await asyncio.to_thread(sys.stdin.read)


def main() -> None:
    folder = Path(sys.argv[1])
    _put(folder / "skills")
    logging.getLogger("pharia_kernel").addHandler(_Mistakes(folder / MISTAKES))
    logging.getLogger("pharia_kernel").setLevel(logging.ERROR)
    asyncio.run(_serve(folder))


if __name__ == "__main__":
    main()
