"""scripts/bench: the cost of the handlers, measured."""
