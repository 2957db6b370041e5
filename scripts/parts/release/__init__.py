"""scripts/release: what people install."""
