"""Worker processes that count together and answer alike: what they share, and how they ask each other."""
