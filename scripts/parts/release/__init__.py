"""scripts/release: the files that people install."""
