"""``python -m luaskills.install_runtime``."""

import sys

from luaskills.install_runtime.command import main

if __name__ == "__main__":
    sys.exit(main())
