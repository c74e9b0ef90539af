"""The same as ``python -m luaskills.examples.runtime_session``."""

from luaskills.examples.runtime_session import main

if __name__ == "__main__":
    main()
