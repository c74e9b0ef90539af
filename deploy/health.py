"""Exit status 0 if the kernel that listens at ``KERNEL_ADDRESS`` is alive.

Needs the standard library only, to start quickly.
"""

import http.client
import os
import sys

HERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""An address that stands for every one of this machine, and one of them."""


def alive(address: str, seconds: float = 4.0) -> bool:
    """``address`` is ``IP:PORT`` or ``[IPv6]:PORT``."""
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    connection = http.client.HTTPConnection(HERE.get(host, host), int(port), timeout=seconds)
    try:
        connection.request("GET", "/livez")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(not alive(os.environ.get("KERNEL_ADDRESS", "127.0.0.1:8081")))
