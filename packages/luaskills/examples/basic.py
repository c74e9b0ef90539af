"""The same as ``python -m luaskills.examples.basic``."""

from luaskills.examples.basic import main

if __name__ == "__main__":
    main()
