"""`vulcan.lancedb`: the table, and the provider on LanceDB (extra `lancedb`)."""
