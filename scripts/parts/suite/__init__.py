"""scripts/test: runs cargo-nextest and pytest, and adds up what they report."""
