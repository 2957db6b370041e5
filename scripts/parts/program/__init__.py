"""How a program of this project begins, ends and runs others."""
