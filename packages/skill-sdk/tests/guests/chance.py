"""What is drawn while the module is imported, and what is drawn in a call."""

import random
import time
import uuid
from pathlib import Path
from typing import Any

AT_BUILD = [random.random(), time.time(), str(uuid.uuid4())]
PROMPT = (Path(__file__).parent / "prompt.txt").read_text()


def drawn() -> dict[str, Any]:
    return {"prompt": PROMPT, "drawn": [random.random(), time.time()], "fixed": AT_BUILD}
