"""``python -m luaskills``."""

import sys

from luaskills.cli import main

sys.exit(main())
