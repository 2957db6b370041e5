"""The tools that the scripts fetch and run."""
