"""The same as ``python -m luaskills.examples.host_tool_callback``."""

from luaskills.examples.host_tool_callback import main

if __name__ == "__main__":
    main()
