"""Interface files and stub bindings of WIT 0.3; a build for that line puts them in the place of those of 0.4."""
