"""What runs in moto's own process: its server, and what docs/evidence/second-opinion.md says is added to it."""
