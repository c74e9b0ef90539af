"""The same as ``python -m luaskills.examples.provider_callback``."""

from luaskills.examples.provider_callback import main

if __name__ == "__main__":
    main()
