"""The code in moto's own process: its server, and the additions of docs/evidence/second-opinion.md."""
