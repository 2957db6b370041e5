"""scripts/test: runs cargo-nextest and pytest, and adds up their reports."""
