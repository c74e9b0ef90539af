"""Skills in this process, as plain Python: for the debugger, and for those who have no kernel at hand."""
