"""What stands between an edit and the next call: no build. Host side only."""
