"""Components out of running Python: its state is taken when the skill is imported, and written down."""
