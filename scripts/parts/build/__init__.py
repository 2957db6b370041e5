"""scripts/build: the handlers as zips."""
