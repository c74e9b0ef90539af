"""The Cognitive System Interface over HTTP: three generations of bodies onto one vocabulary."""
