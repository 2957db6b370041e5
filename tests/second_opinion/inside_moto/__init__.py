"""What runs in moto's own process: its server, and what docs/second-opinion.md says is added to it."""
