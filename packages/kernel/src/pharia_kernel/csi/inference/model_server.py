"""The process that holds the embedded model: llama.cpp's own HTTP server on the loopback interface.

One JSON line comes on standard input, one goes out on standard output: ``url`` or ``error``. The process ends when its
standard input is closed, so also when its parent dies. Started by :mod:`pharia_kernel.csi.inference.embedded`.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any


def main() -> None:
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # llama.cpp may write to either
    options = json.loads(sys.stdin.readline())
    try:
        server = _serve(options)
    except Exception as error:
        print(json.dumps({"error": f"{type(error).__name__}: {error}"}), file=replies, flush=True)
        os._exit(1)
    print(json.dumps({"url": server.listening_address}), file=replies, flush=True)
    sys.stdin.read()
    os._exit(0)  # requests under way have nobody left to answer to


def _serve(options: dict[str, Any]) -> Any:
    import xllamacpp  # type: ignore[import-untyped, unused-ignore]  # an extra, without types

    params = xllamacpp.CommonParams()
    params.model.path = options["file"]
    params.model_alias = {options["name"]}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [options["key"]]
    params.n_parallel = options["parallel"]
    params.n_ctx = options["context"] * options["parallel"]
    params.n_threads_http = 2 * options["parallel"] + 4  # abandoned requests keep theirs for a moment
    params.cpuparams.n_threads = options["threads"]
    params.cpuparams_batch.n_threads = options["threads"]
    params.fit_params = False
    params.cache_ram_mib = 0
    params.ui = False
    params.endpoint_slots = False
    params.verbosity = 2
    params.reasoning_format = xllamacpp.common_reasoning_format.COMMON_REASONING_FORMAT_NONE  # the kernel splits it
    return xllamacpp.Server(params)


if __name__ == "__main__":
    main()
