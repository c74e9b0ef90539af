"""`vulcan.sqlite`: the table, and the provider on the `sqlite3` of Python."""
