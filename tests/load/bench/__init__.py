"""scripts/bench: what the handlers cost, measured."""
