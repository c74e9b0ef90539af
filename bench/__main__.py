"""``python -m bench``: every comparison, one after the other, in one run. Ratios matter; machines differ."""

from __future__ import annotations

from bench import byte_lists, fresh_call, released_sdk, tokens, waiting

if __name__ == "__main__":
    for comparison in (fresh_call, waiting, byte_lists, tokens, released_sdk):
        comparison.main()
